import { join, resolve } from 'node:path';
import { ACTIONS } from './actions';
import { CommandFailure } from './command-failure';
import { readRequest } from './request';
import { Session } from './session';
import { USAGE } from './usage';

const DIST = join(resolve(__dirname, '../..'), 'dist');

/**
 * `mooring backups`.
 *
 * @param args what follows it on the command line
 * @returns the exit status
 */
export async function backups(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args[0] === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    const request = readRequest(args);
    await ACTIONS[request.action](() => Session.open(request, DIST), request);
    return 0;
  } catch (error) {
    if (error instanceof CommandFailure) {
      process.stderr.write(`${error.message}\n`);
      return error.status;
    }
    throw error;
  }
}
