import { join } from 'node:path';
import type { Finished } from '../support/process';
import type { Context } from './context';

/**
 * Runs `mooring backups school-platform prod …` as a person does; a non-zero exit is a value.
 *
 * @param env environment beside that of the test @default - none
 */
export function mooringBackups(
  { project, kubectl }: Context,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const program = join(project, 'bin/mooring');
  const command = ['backups', 'school-platform', 'prod', ...args];
  return kubectl.commands.with(env).run(program, command, { cwd: project, seconds: 300 });
}
