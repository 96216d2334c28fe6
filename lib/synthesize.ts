import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type PlatformFactory, renderPlatforms } from './render-platforms';
import { loadSqlGrammar } from './workload/schema/schema-file';

/** Where `cdk8s synth` tells a program to write. */
const OUTPUT_VARIABLE = 'CDK8S_OUTDIR';

/** Where `make synth` wants the files that a synth keeps current outside `dist`. */
const PROJECT_FILES_VARIABLE = 'MOORING_PROJECT_FILES';

/**
 * The program of `cdk8s synth`: renders every platform in every environment into `dist`.
 *
 * Warnings are printed. Nothing is written when there is any problem: all of them are printed and the exit status is 1.
 */
export async function synthesize(factories: readonly PlatformFactory[]): Promise<void> {
  try {
    await loadSqlGrammar();
    const { dist, project, warnings } = renderPlatforms(factories);
    for (const warning of warnings) {
      process.stderr.write(`${warning}\n`);
    }
    writeFiles(process.env[OUTPUT_VARIABLE] ?? 'dist', dist);
    const projectFolder = process.env[PROJECT_FILES_VARIABLE];
    if (projectFolder !== undefined) {
      writeFiles(projectFolder, project);
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  const folders = new Set([...files.keys()].map((path) => dirname(join(folder, path))));
  for (const each of folders) {
    mkdirSync(each, { recursive: true });
  }
  for (const [path, text] of files) {
    writeFileSync(join(folder, path), text);
  }
}
