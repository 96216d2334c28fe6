import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { CommandFailure } from './command-failure';

/** Where a question is asked and answered. */
export interface Conversation {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean };
}

/** Whether somebody can be asked. */
export function canAsk({ input, output }: Conversation): boolean {
  return input.isTTY === true && output.isTTY === true;
}

/**
 * Asks for the name of the database.
 *
 * @throws CommandFailure with status 1 when the answer is anything else, or none
 */
export async function confirm(conversation: Conversation, database: string): Promise<void> {
  const answer = await ask(conversation, 'Type the name of the database to go on: ');
  if (answer?.trim() !== database) {
    const what = answer === undefined ? 'there was no answer' : `"${answer.trim()}" is not the name of the database`;
    throw new CommandFailure(1, `${what}; nothing was done`);
  }
}

function ask({ input, output }: Conversation, question: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const lines = createInterface({ input, output });
    // Ctrl-C and Ctrl-D close it without an answer.
    lines.once('close', () => resolve(undefined));
    lines.question(question, (answer) => {
      resolve(answer);
      lines.close();
    });
  });
}
