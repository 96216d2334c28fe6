import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Kubectl } from './kubectl';

/** Folder of operators' CRDs, beside the project. */
const FOLDER = '../shared/crds';

/**
 * Adds the upstream CRDs of these API groups that the cluster does not have.
 *
 * @returns their names; none where there is no folder of CRDs
 */
export async function addUpstreamCrds(
  project: string,
  kubectl: Kubectl,
  groups: ReadonlySet<string>,
): Promise<string[]> {
  const folder = resolve(project, FOLDER);
  if (!existsSync(folder)) {
    return [];
  }
  const present = new Set((await kubectl.output(['get', 'crd', '-o', 'name'])).split('\n').map(lastPart));
  const missing = readdirSync(folder)
    .map((name) => join(folder, name))
    .map((file) => ({ file, names: crdNames(file) }))
    .filter(({ names }) => names.some((name) => groups.has(groupOf(name)) && !present.has(name)));
  const names = missing.flatMap((each) => each.names);
  if (names.length > 0) {
    const files = missing.flatMap(({ file }) => ['-f', file]);
    await kubectl.output(['apply', '--server-side', '--field-manager=mooring-e2e', ...files]);
    await kubectl.output(['wait', 'crd', ...names, '--for=condition=Established', '--timeout=60s']);
  }
  return names;
}

/** Removes CRDs that `addUpstreamCrds` added. */
export async function removeCrds(kubectl: Kubectl, names: readonly string[]): Promise<void> {
  if (names.length > 0) {
    await kubectl.output(['delete', 'crd', ...names, '--ignore-not-found', '--timeout=60s']);
  }
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function groupOf(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

function crdNames(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^ {2}name: (\S+\.\S+)$/gm)].map(([, name]) => name ?? '');
}
