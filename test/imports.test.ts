import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Ajv from 'ajv';
import { load, loadAll } from 'js-yaml';
import { run } from './support/process';

const PROJECT = resolve(__dirname, '..');
const UPSTREAM = resolve(PROJECT, '../shared/crds');

interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: object } }[];
  };
}

interface CustomResource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

test('the typed classes are what "cdk8s import" makes of the trimmed schemas, without a network', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-imports-'));
  try {
    cpSync(join(PROJECT, 'imports/crds'), join(folder, 'imports/crds'), { recursive: true });
    cpSync(join(PROJECT, 'cdk8s.yaml'), join(folder, 'cdk8s.yaml'));
    const cdk8s = join(PROJECT, 'node_modules/.bin/cdk8s');
    const made = await run('unshare', ['--net', cdk8s, 'import', '--check-upgrade=false'], { cwd: folder });
    const imported = made.code === 0 ? made : await run(cdk8s, ['import', '--check-upgrade=false'], { cwd: folder });
    expect(imported).toMatchObject({ code: 0 });
    for (const file of readdirSync(join(PROJECT, 'imports')).filter((name) => name.endsWith('.ts'))) {
      expect(readFileSync(join(folder, 'imports', file), 'utf8')).toBe(
        readFileSync(join(PROJECT, 'imports', file), 'utf8'),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Custom resources of dist: those whose API group has a domain that is not Kubernetes' own. */
function customResources(): CustomResource[] {
  const dist = join(PROJECT, 'dist');
  return readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml'))
    .map((path) => load(readFileSync(join(dist, path), 'utf8')) as CustomResource)
    .filter(({ apiVersion }) => /^[^/]+\.[^/]+\//.test(apiVersion) && !/\.k8s\.io\//.test(apiVersion));
}

// The upstream schemas are never copied here: where they lie beside the project, ours are held against them.
const describeUpstream = existsSync(UPSTREAM) ? describe : describe.skip;
if (!existsSync(UPSTREAM)) {
  process.stdout.write(`upstream schemas are not checked: ${UPSTREAM} is not there\n`);
}

describeUpstream('against the upstream schemas', () => {
  test.each(customResources().map((each) => [each.metadata.name, each] as const))('%s is valid', (_, resource) => {
    const definitions = readdirSync(UPSTREAM).flatMap(
      (file) => loadAll(readFileSync(join(UPSTREAM, file), 'utf8')) as CustomResourceDefinition[],
    );
    const [group, version] = resource.apiVersion.split('/');
    const definition = definitions.find(({ spec }) => spec.group === group && spec.names.kind === resource.kind);
    const schema = definition?.spec.versions.find(({ name }) => name === version)?.schema.openAPIV3Schema;
    expect(schema).toHaveProperty('properties.spec');
    const validate = new Ajv({ strict: false, allErrors: true, logger: false }).compile(closed(schema as object));
    validate(resource);
    expect(validate.errors ?? []).toEqual([]);
  });
});

/** The schema with unknown fields refused, as a strict API server does; metadata is the API server's own. */
function closed(schema: object): object {
  const copy = JSON.parse(JSON.stringify(schema), (_, value) =>
    value?.properties && value.type === 'object' && value['x-kubernetes-preserve-unknown-fields'] !== true
      ? { ...value, additionalProperties: false }
      : value,
  );
  copy.properties.metadata = {};
  return copy;
}
