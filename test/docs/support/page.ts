import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const PROJECT = join(__dirname, '../../..');

/** A block of code on a page: what stands behind the three backticks, and the text. */
export interface Block {
  readonly language: string;
  /** The second word, e.g. the path of the file that the block is. */
  readonly info: string;
  readonly text: string;
}

/** A page of the documentation, by its path in the project. */
export class Page {
  public readonly text: string;

  public constructor(public readonly path: string) {
    this.text = readFileSync(join(PROJECT, path), 'utf8');
  }

  public get blocks(): Block[] {
    return [...this.text.matchAll(/^```(\S*) ?(.*)\n([\s\S]*?)^```$/gm)].map(
      ([, language = '', info = '', text = '']) => ({ language, info, text }),
    );
  }

  /** Rows of the one table whose first row begins with these headings; each cell as it is written. */
  public table(...headings: readonly string[]): string[][] {
    const tables = this.text.match(/(^\|.*\|\n)+/gm) ?? [];
    const found = tables
      .map((each) => each.trim().split('\n').map(cells))
      .filter(([first]) => startsWith(first, headings));
    if (found.length !== 1) {
      throw new Error(`${this.path} has ${found.length} tables with the headings ${headings.join(', ')}`);
    }
    return found[0]?.slice(2) ?? [];
  }
}

function cells(row: string): string[] {
  return row
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
}

function startsWith(row: readonly string[] | undefined, headings: readonly string[]): boolean {
  return headings.every((heading, i) => row?.[i] === heading);
}

/** What stands in backticks at the begin of a cell, or `undefined`. */
export function code(cell: string | undefined): string | undefined {
  return /^`([^`]+)`/.exec(cell ?? '')?.[1];
}
