import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { load } from 'js-yaml';
import { type FolderUpdate, updateFolder } from '../lib/render/update-folder';
import { measure, type ProcessCost } from './measured-process';
import type { RenderReport } from './render-child';

/** One process of ours, seen from outside and from inside. */
export interface MooringRun extends ProcessCost {
  readonly report: RenderReport;
}

const PROJECT = resolve(__dirname, '..');

/**
 * Renders environments into a folder, in a process of its own.
 *
 * @param output file for what the process says
 * @param changed an environment whose readiness probe asks another path @default - none
 */
export async function renderEnvironments(
  environments: number,
  folder: string,
  output: string,
  changed?: number,
): Promise<MooringRun> {
  const args = [...nodeOptions(), resolve(__dirname, 'render-child.ts'), String(environments), folder];
  const cost = await measure(process.execPath, changed === undefined ? args : [...args, String(changed)], output);
  const report = JSON.parse(readFileSync(output, 'utf8')) as RenderReport;
  return { ...cost, peakMiB: cost.peakMiB ?? report.peakMiB, report };
}

/** Brings a folder up to date as `make synth` does, twice: with everything new, and with one resource changed. */
export async function changeOneResource(environments: number, scratch: string): Promise<readonly FolderUpdate[]> {
  const [before, after, dist] = [join(scratch, 'before'), join(scratch, 'after'), join(scratch, 'dist')];
  const output = join(scratch, 'report.json');
  await renderEnvironments(environments, before, output);
  await renderEnvironments(environments, after, output, Math.floor(environments / 2));
  return [updateFolder({ from: before, to: dist }), updateFolder({ from: after, to: dist })];
}

/** Options of Node in the command that `cdk8s synth` runs, between the program and `main.ts`. */
function nodeOptions(): string[] {
  const { app } = load(readFileSync(join(PROJECT, 'cdk8s.yaml'), 'utf8')) as { app: string };
  return app.split(' ').slice(1, -1);
}
