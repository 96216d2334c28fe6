import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type FolderUpdate, updateFolder } from '../lib/render/update-folder';
import { measure, type ProcessCost } from './measured-process';
import type { RenderReport } from './render-child';

/** One process of ours, seen from outside and from inside. */
export interface MooringRun extends ProcessCost {
  readonly report: RenderReport;
}

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
  const child = [resolve(__dirname, 'render-child.ts'), String(environments), folder];
  const args = ['-r', require.resolve('ts-node/register/transpile-only'), ...child];
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
