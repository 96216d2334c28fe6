import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { defineEnvironments } from '../../lib/platform/environment';
import { fields } from '../../lib/platform/fields';
import { removeFolder, scratchFolder } from '../support/process';
import { testCluster } from '../support/test-platform';

let scratch: string;
let folder: string;
beforeEach(async () => {
  scratch = await scratchFolder();
  folder = join(scratch, 'shop');
  mkdirSync(folder);
});
afterEach(() => removeFolder(scratch));

const cluster = testCluster;

const GOOD_IMAGES =
  'prod:\n  app: registry.example.com/shop:1.2 # {"$imagepolicy": "a:b"}\n  postgres: postgres:17.6-bookworm\n';

/** Environments of a platform in the folder `shop` that asks for a host and takes a replica count. */
function define(environments: object, images = GOOD_IMAGES) {
  writeFileSync(join(folder, 'images.yaml'), images);
  return defineEnvironments({
    folder,
    images: ['app', 'postgres'],
    fields: { host: fields.hostName, replicas: z.number().default(2) },
    // The types would refuse most of what these tests write; a cast or plain JavaScript would not.
    environments: environments as Record<string, { cluster: typeof cluster; host: string }>,
  });
}

function problemsWith(environments: object, images?: string): string[] {
  try {
    define(environments, images);
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('environments', () => {
  test('have their name, cluster, images and own fields', () => {
    const [prod, ...others] = define({ prod: { cluster, host: 'shop.example.com', replicas: 3 } });
    expect(others).toEqual([]);
    expect(prod).toMatchObject({ name: 'prod', cluster, host: 'shop.example.com', replicas: 3 });
    expect(prod?.images.app.toString()).toBe('registry.example.com/shop:1.2');
    expect(prod?.images.postgres.tag).toBe('17.6-bookworm');
  });

  test('come in the order in which they are written', () => {
    const each = { cluster, host: 'shop.example.com' };
    const images = 'a: &images { app: "app:1.0", postgres: "postgres:2.0" }\nz: *images\nb: *images\n';
    expect(define({ z: each, a: each, b: each }, images).map(({ name }) => name)).toEqual(['z', 'a', 'b']);
  });

  test('take the default of a field that is not written', () => {
    expect(define({ prod: { cluster, host: 'shop.example.com' } })[0]?.replicas).toBe(2);
  });
});

describe('what is wrong in environments.ts is named with path, value and way out', () => {
  const place = 'platforms/shop/environments.ts';
  const prod = { cluster, host: 'shop.example.com' };

  test.each([
    [{ ...prod, host: 'shop' }, 'prod.host is "shop"; write a full host name in lower case, e.g. school.example.com'],
    [{ cluster }, 'prod.host is missing; write a value of type string'],
    [{ host: prod.host }, 'prod.cluster is missing; write a value of type object'],
    [{ ...prod, hots: 'x' }, 'prod.hots is not known here; remove it or correct its name'],
    [{ ...prod, replicas: '3' }, 'prod.replicas is "3"; write a value of type number'],
    [
      { ...prod, cluster: { ...cluster, registry: 'https://r.example' } },
      'prod.cluster.registry is "https://r.example"; write a host without scheme, e.g. registry.example.com',
    ],
  ])('%#', (values, problem) => {
    expect(problemsWith({ prod: values })).toEqual([`${place}: ${problem}`]);
  });

  test('a name that Kubernetes would not take', () => {
    const [problem] = problemsWith({ Prod_1: prod }, 'Prod_1: { app: "app:1.0", postgres: "postgres:2.0" }');
    expect(problem).toContain(`${place}: Prod_1`);
    expect(problem).toContain('write lower-case letters, digits and dashes, at most 63');
  });
});

describe('what is wrong in images.yaml is named with path, value and way out', () => {
  const place = 'platforms/shop/images.yaml';
  const prod = { cluster, host: 'shop.example.com' };

  test.each([
    ['prod: { app: "app:1.0" }', 'prod.postgres is missing; write a value of type string'],
    ['prod: { app: 3, postgres: "postgres:2.0" }', 'prod.app is 3; write a value of type string'],
    [
      'prod: { app: "app:1.0", postgres: "postgres:2.0", db: "x:1.0" }',
      'prod.db is not known here; remove it or correct its name',
    ],
    [
      'prod: { app: "app:latest", postgres: "postgres:2.0" }',
      'prod.app is "app:latest"; image "app:latest" moves with every push; name a version instead of latest',
    ],
    [
      'prod: { app: "app", postgres: "postgres:2.0" }',
      'prod.app is "app"; image "app" has neither tag nor digest; add one, e.g. app:1.2.3',
    ],
    ['{}', 'prod is missing; write a value of type object'],
    [`${GOOD_IMAGES}staging: {}\n`, 'staging is not known here; remove it or correct its name'],
    ['[]', 'the document is []; write a value of type object'],
  ])('%j', (images, problem) => {
    expect(problemsWith({ prod }, images)).toEqual([`${place}: ${problem}`]);
  });

  test.each([
    ['broken YAML', 'prod: [\n'],
    ['a key written twice', 'prod: {}\nprod: {}\n'],
    ['an empty file', ''],
    ['a file of comments', '# images\n'],
  ])('%s', (_, images) => {
    const problems = problemsWith({ prod }, images);
    expect(problems[0]).toContain('shop/images.yaml');
    expect(problems.at(-1)).toContain('write a YAML document of environments and their images');
  });

  test('a file that is not there', () => {
    const props = { folder, images: ['app'], fields: { host: fields.hostName }, environments: { prod } };
    expect(() => defineEnvironments(props)).toThrow('shop/images.yaml');
  });
});

test('an anchor that holds itself is named with its file', () => {
  const good = { prod: { cluster, host: 'shop.example.com' } };
  expect(problemsWith(good, 'prod: &prod\n  app: *prod\n  postgres: postgres:17\n')).toEqual([
    'platforms/shop/images.yaml: prod.app is {"app":"…","postgres":"postgres:17"}; write a value of type string',
  ]);
});

test.each(['name', 'cluster', 'images'])(
  'a field of its own cannot be called %s, which every environment has',
  (name) => {
    writeFileSync(join(folder, 'images.yaml'), 'prod: {}\n');
    const environments = { prod: { cluster, [name]: 'Shop' } } as unknown as Record<
      string,
      { cluster: typeof cluster }
    >;
    expect(() => defineEnvironments({ folder, images: [], fields: { [name]: z.any() }, environments })).toThrow(
      `platforms/shop/environments.ts: the field "${name}" is one that every environment has; give it another name`,
    );
  },
);

test('all problems of environments.ts and images.yaml are in one error', () => {
  const environments = {
    prod: { cluster, host: 'Shop' },
    test: { cluster: { ...cluster, name: 'A', registry: '' }, replicas: 'x' },
  };
  expect(problemsWith(environments, 'prod: { app: "app" }\nold: {}\n')).toEqual([
    'platforms/shop/environments.ts: prod.host is "Shop"; write a full host name in lower case, e.g. school.example.com',
    'platforms/shop/environments.ts: test.host is missing; write a value of type string',
    'platforms/shop/environments.ts: test.replicas is "x"; write a value of type number',
    'platforms/shop/environments.ts: test.cluster.name is "A"; write lower-case letters, digits and dashes, at most 63',
    'platforms/shop/environments.ts: test.cluster.registry is ""; write a host without scheme, e.g. registry.example.com',
    'platforms/shop/images.yaml: prod.app is "app"; image "app" has neither tag nor digest; add one, e.g. app:1.2.3',
    'platforms/shop/images.yaml: prod.postgres is missing; write a value of type string',
    'platforms/shop/images.yaml: test is missing; write a value of type object',
    'platforms/shop/images.yaml: old is not known here; remove it or correct its name',
  ]);
});
