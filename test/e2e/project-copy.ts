import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Commands } from './commands';

/** What a synth needs of the project. */
const PARTS = [
  'bin',
  'clusters',
  'imports',
  'lib',
  'platforms',
  'cdk8s.yaml',
  'main.ts',
  'package.json',
  'tsconfig.json',
];

/** Another working copy of the project, in which a person prepares releases. */
export class ProjectCopy {
  readonly #project: string;
  readonly #folder: string;
  readonly #commands: Commands;

  public constructor(project: string, workFolder: string, commands: Commands) {
    this.#project = project;
    this.#folder = join(workFolder, 'project');
    this.#commands = commands;
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder, { recursive: true });
    for (const part of PARTS) {
      cpSync(join(project, part), join(this.#folder, part), { recursive: true });
    }
    symlinkSync(join(project, 'node_modules'), join(this.#folder, 'node_modules'));
  }

  /** Folder of what `synth` rendered. */
  public get dist(): string {
    return join(this.#folder, 'dist');
  }

  /** Makes a file the project's own with a change. @throws when that changes nothing */
  public edit(path: string, change: (text: string) => string): void {
    const text = readFileSync(join(this.#project, path), 'utf8');
    const changed = change(text);
    if (changed === text) {
      throw new Error(`${path} has not what the test would change in it`);
    }
    writeFileSync(join(this.#folder, path), changed);
  }

  /** Makes a file the project's own again. */
  public reset(path: string): void {
    cpSync(join(this.#project, path), join(this.#folder, path));
  }

  /** Renders `dist`, rules and all. */
  public async synth(): Promise<void> {
    await this.#commands.output(join(this.#folder, 'bin/mooring'), ['synth'], { cwd: this.#folder });
  }
}
