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

const SCHEMA = 'platforms/school-platform/schema.sql';

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

  /** Makes the school platform's schema the project's own with these statements at its end. */
  public extendSchema(sql: string): void {
    writeFileSync(join(this.#folder, SCHEMA), `${readFileSync(join(this.#project, SCHEMA), 'utf8')}${sql}`);
  }

  /** Gives the app another tag, as Flux' image automation does. */
  public setAppTag(tag: string): void {
    const file = join(this.#folder, 'platforms/school-platform/images.yaml');
    const text = readFileSync(file, 'utf8');
    const changed = text.replace(/^(\s+app: .*:)(prod-\d{8}\.\d+)/m, `$1${tag}`);
    if (changed === text) {
      throw new Error(`${file} names no app image with a tag like prod-20261114.48213`);
    }
    writeFileSync(file, changed);
  }

  /** Renders `dist`, rules and all. */
  public async synth(): Promise<void> {
    await this.#commands.output(join(this.#folder, 'bin/mooring'), ['synth'], { cwd: this.#folder });
  }
}
