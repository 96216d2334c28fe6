import { join, resolve } from 'node:path';
import { ACTIONS } from './actions';
import { CommandFailure } from './command-failure';
import { plainText } from './plain-text';
import { type Action, readRequest } from './request';
import { Session } from './session';
import { USAGE } from './usage';

const DIST = join(resolve(__dirname, '../..'), 'dist');

/** What they print is what they are for; of the others the outcome counts. */
const TELLING: readonly Action[] = ['list', 'verify', 'files'];

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
  let unwritten: Error | undefined;
  // Without a listener these end the program, and nobody would be told what becomes of the Job.
  process.stdout.on('error', (error) => {
    unwritten ??= error;
  });
  process.stderr.on('error', () => undefined);
  try {
    const request = readRequest(args);
    await ACTIONS[request.action](() => Session.open(request, DIST), request);
    // An error of the last write comes a moment later.
    await new Promise(setImmediate);
    if (unwritten !== undefined && TELLING.includes(request.action)) {
      throw new CommandFailure(1, `not everything could be written to standard output: ${unwritten.message}`);
    }
    return 0;
  } catch (error) {
    if (error instanceof CommandFailure) {
      process.stderr.write(`${plainText(error.message)}\n`);
      return error.status;
    }
    throw error;
  }
}
