import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { loadAll } from 'js-yaml';
import { environmentName } from './typical-platform';

/** What is read of an object to tell it from others. */
interface Identified {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/**
 * Makes the Helm chart that renders the same objects: one template a resource of environment 0, in a loop over the
 * environments. The name of the environment is all that differs between two of them.
 *
 * @param rendered folder with the files of environment 0 alone, as Mooring wrote them
 */
export function writeChart(rendered: string, chart: string): void {
  mkdirSync(join(chart, 'templates'), { recursive: true });
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 0.1.0\n');
  writeFileSync(join(chart, 'values.yaml'), 'n: 1\n');
  for (const path of yamlFiles(rendered)) {
    const text = readFileSync(path, 'utf8').replaceAll('{{', '{{ "{{" }}').replaceAll(environmentName(0), '{{ $env }}');
    const loop = '{{ range $i := until (int .Values.n) }}{{ $env := printf "env-%04d" $i }}';
    writeFileSync(join(chart, 'templates', basename(path)), `${loop}---\n${text}{{ end }}`);
  }
}

/**
 * Compares every object of Helm's output with ours.
 *
 * @param rendered folder with the files that Mooring wrote
 * @param output file with what `helm template` printed
 * @returns how many objects both have
 * @throws Error that names the objects which differ or which only one of them has
 */
export function compareObjects(rendered: string, output: string): number {
  const ours = byIdentity(yamlFiles(rendered).map((path) => readFileSync(path, 'utf8')));
  const theirs = byIdentity([readFileSync(output, 'utf8')]);
  const names = new Set([...ours.keys(), ...theirs.keys()]);
  const differing = [...names].filter((name) => !isDeepStrictEqual(ours.get(name), theirs.get(name)));
  if (differing.length > 0) {
    throw new Error(`helm renders other objects than Mooring: ${differing.join(', ')}`);
  }
  return ours.size;
}

/** Documents of a file that `helm template` printed. */
export function documentCount(output: string): number {
  return readFileSync(output, 'utf8').match(/^---$/gm)?.length ?? 0;
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function byIdentity(texts: readonly string[]): Map<string, unknown> {
  const objects = texts.flatMap((text) => loadAll(text)) as Identified[];
  return new Map(objects.map((object) => [identity(object), object]));
}

function identity({ kind, metadata }: Identified): string {
  return [kind, metadata.namespace ?? '', metadata.name].join('/');
}
