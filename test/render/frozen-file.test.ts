import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFrozenFile } from '../../lib/render/frozen-file';
import { removeFolder, scratchFolder } from '../support/process';
import { testTree } from '../support/test-platform';

let scratch: string;
let folder: string;
beforeEach(async () => {
  scratch = await scratchFolder();
  folder = join(scratch, 'shop');
  mkdirSync(folder);
});
afterEach(() => removeFolder(scratch));

/** The frozen file of the folder `shop` with this text. */
function read(text: string) {
  writeFileSync(join(folder, 'frozen.yaml'), text);
  return readFrozenFile(folder);
}

const FULL = `
recorded:
  prod:
    namespace: shop
    PersistentVolume/data nfs: nas:/shop
  test:
    namespace: market
released:
  - environment: prod
    fact: PersistentVolume/data nfs
    was: nas:/old
    reason: moved to the new export on 3 March, copy compared
`;

describe('what is recorded', () => {
  test('is read for each environment of its own', () => {
    const file = read(FULL);
    expect(file.of('prod')).toMatchObject({
      facts: { namespace: 'shop', 'PersistentVolume/data nfs': 'nas:/shop' },
      released: [
        {
          fact: 'PersistentVolume/data nfs',
          was: 'nas:/old',
          reason: 'moved to the new export on 3 March, copy compared',
        },
      ],
    });
    expect(file.of('test')).toEqual({ facts: { namespace: 'market' }, released: [] });
  });

  test('is nothing in an environment that is new', () => {
    expect(read(FULL).of('staging')).toEqual({ facts: {}, released: [] });
  });

  test.each([
    ['is missing', undefined],
    ['is empty', ''],
    ['has nothing but its comment', '# Facts whose change would lose data\n'],
    ['is an empty map', '{}\n'],
  ])('is nothing when the file %s', (_, text) => {
    const file = text === undefined ? readFrozenFile(folder) : read(text);
    expect(file.of('prod')).toEqual({ facts: {}, released: [] });
    expect(file.vanishedEnvironments([])).toEqual([]);
  });
});

describe('an environment that is recorded and no longer rendered', () => {
  const vanished = (environment: string) =>
    `platforms/shop/frozen.yaml: environment "${environment}" is recorded but no longer rendered, and its data would be ` +
    'orphaned; bring it back, or remove it from the file with the reason in the commit';

  test('is a problem, each by itself', () => {
    expect(read(FULL).vanishedEnvironments([])).toEqual([vanished('prod'), vanished('test')]);
    expect(read(FULL).vanishedEnvironments([testTree()])).toEqual([vanished('prod')]);
  });

  test('is not excused by another platform’s environment of that name', () => {
    const trees = [testTree(), testTree({ platform: 'other', environment: 'prod' })];
    expect(read(FULL).vanishedEnvironments(trees)).toEqual([vanished('prod')]);
  });

  test('is none when all are there, and new ones beside', () => {
    const trees = ['new', 'prod', 'test'].map((environment) => testTree({ environment }));
    expect(read(FULL).vanishedEnvironments(trees)).toEqual([]);
  });
});

describe('the file after a synth', () => {
  test('holds the facts of what was rendered, under words that say how to change one', () => {
    expect(readFrozenFile(folder).recording([testTree()])).toBe(
      [
        '# Facts whose change would lose data or be refused by the API server. "make synth" adds new ones.',
        '# To change or give up one on purpose, add to "released" the environment, the fact, its value until now, and a reason.',
        'recorded:',
        '  test:',
        '    namespace: market',
        '    cluster: test-cluster',
        '',
      ].join('\n'),
    );
  });

  test('keeps what was released, and reads back the same', () => {
    const file = read(FULL);
    const trees = ['prod', 'test'].map((environment) => testTree({ environment }));
    const text = file.recording(trees);
    const again = read(text);
    const facts = { cluster: 'test-cluster', namespace: 'market' };
    expect(again.of('prod')).toEqual({ facts, released: file.of('prod').released });
    expect(again.recording(trees)).toBe(text);
  });

  test('is not written here', () => {
    readFrozenFile(folder).recording([testTree()]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a file that is wrong', () => {
  const place = 'platforms/shop/frozen.yaml';

  test.each([
    ['[]', ['the document is []; write a value of type object']],
    ['record: {}', ['record is not known here; remove it or correct its name']],
    ['recorded: { prod: { namespace: 1 } }', ['recorded.prod.namespace is 1; write a value of type string']],
    [
      'released: [{ environment: prod, fact: f, was: w, reason: "" }]',
      ['released.0.reason is ""; say why the fact may change'],
    ],
    [
      'released: [{ environment: prod, why: x }]',
      [
        'released.0.fact is missing; write a value of type string',
        'released.0.was is missing; write a value of type string',
        'released.0.reason is missing; write a value of type string',
        'released.0.why is not known here; remove it or correct its name',
      ],
    ],
  ])('%s: all its problems are named', (text, problems) => {
    expect(() => read(text)).toThrow(new Error(problems.map((problem) => `${place}: ${problem}`).join('\n')));
  });

  test('a second document is refused, as nothing in it would count', () => {
    expect(() => read(`---\nreleased: []\n---${FULL}`)).toThrow(
      new Error(`${place}: 2 YAML documents; write all into one: only a single one is read and kept`),
    );
  });

  test.each(['recorded: { __proto__: { namespace: shop } }', 'recorded: { prod: { __proto__: shop } }'])(
    '%s is refused: no such fact can be kept',
    (text) => {
      expect(() => read(text)).toThrow(
        /^platforms\/shop\/frozen.yaml: recorded\..*__proto__ is not known here; remove it/,
      );
    },
  );

  test('an anchor that holds itself is named with its file', () => {
    expect(() => read('recorded: { prod: &prod { namespace: *prod } }')).toThrow(
      new Error(`${place}: recorded.prod.namespace is {"namespace":"…"}; write a value of type string`),
    );
  });

  test('broken YAML is named with its file', () => {
    expect(() => read('recorded: {')).toThrow('shop/frozen.yaml');
  });
});
