import { readFileSync } from 'node:fs';
import type { Commands } from './commands';

/** The commands of a section of a documentation page: what stands in its `sh` blocks, in order, as one script. */
export function pageCommands(page: string, heading: string): string {
  const text = readFileSync(page, 'utf8');
  const sections = text.split(/^(?=## )/m);
  const section = sections.find((each) => each.startsWith(`## ${heading}\n`));
  if (section === undefined) {
    throw new Error(`${page} has no section "${heading}"`);
  }
  const blocks = [...section.matchAll(/^```sh(?: cluster)?\n([\s\S]*?)^```$/gm)].map(([, block]) => block ?? '');
  if (blocks.length === 0) {
    throw new Error(`section "${heading}" of ${page} has no commands`);
  }
  return blocks.join('\n');
}

/** Runs the commands of a section in one shell that stops at the first failure. @returns what they printed */
export function runPage(commands: Commands, page: string, heading: string, seconds: number): Promise<string> {
  return runScript(commands, pageCommands(page, heading), seconds);
}

/** Runs commands in one shell that stops at the first failure. @returns what they printed */
export function runScript(commands: Commands, script: string, seconds: number): Promise<string> {
  return commands.output('bash', ['-euxo', 'pipefail', '-c', script], { seconds });
}
