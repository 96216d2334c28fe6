import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { loadAll } from 'js-yaml';
import { toYaml } from '../../lib/render/yaml';
import { HOSTILE_TEXT } from '../support/hostile-text';
import { YAML_READERS, YamlReaders } from '../support/yaml-readers';

let readers: YamlReaders;
beforeAll(() => {
  readers = new YamlReaders();
});
afterAll(() => readers.stop());

/** What each reader got wrong; nothing when all of them read exactly the object. */
async function misread(object: object): Promise<string[]> {
  const document = toYaml(object);
  const expected = canonical(object);
  const readings = await readers.read(document);
  return YAML_READERS.flatMap((name) => {
    const reading = readings[name];
    const got = 'value' in reading && reading.value !== null ? canonical(reading.value) : JSON.stringify(reading);
    return got === expected ? [] : [`${name} reads ${document} as ${got}`];
  });
}

/** JSON with sorted keys: equal text means equal values, of the same types, in the same order of lists. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join()}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`;
  }
  return JSON.stringify(value);
}

describe('every reader gets back exactly what was written:', () => {
  test.each(HOSTILE_TEXT.map((text) => [JSON.stringify(text), text]))('the text %s', async (_, text) => {
    const asKey = Object.fromEntries([[text, text]]);
    expect(await misread({ text, list: [text, [text], asKey], map: { deeper: asKey }, [`${text}x`]: text })).toEqual(
      [],
    );
    expect(await misread(asKey)).toEqual([]);
    expect(await misread({ last: [[text]] })).toEqual([]);
  });

  test('numbers', async () => {
    const numbers = [0, 1, -1, 0.1, -2.5, 1e3, 1e20, 1e21, 1.5e21, -1e21, 1e-6, 1e-7, 1.5e-7, 5e-324, 2 ** 31, 2 ** 53];
    const borders = [2 ** 63, 2 ** 64, -(2 ** 63), Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, 123456789012345680000];
    expect(await misread({ numbers, borders })).toEqual([]);
  });

  test('keys longer than the 1,024 characters to which readers hold an ordinary one', async () => {
    const entries = [990, 1000, 1020, 1024, 1025, 5000].map((length) => ['k'.repeat(length), length]);
    const quoted = ['\u0085'.repeat(170), { a: ['text', { ['ä\n'.repeat(600)]: [] }] }];
    expect(await misread(Object.fromEntries([...entries, quoted]))).toEqual([]);
  });

  test('trees of arbitrary text, numbers and keys', async () => {
    const from = (characters: string, maxLength: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom(...characters), maxLength });
    const line = from('ab  \t#:-"\'|\\%', 8);
    const text = fc.oneof(
      fc.constantFrom(...HOSTILE_TEXT),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      from('0123456789+-._:eExXoObBtTzZ infaNA/', 9),
      from(' \t\n\r:#-?|>\'"\\%@`{}[],&*!=~<.0aeyn\0\u0085\u00a0\u2028\ufeff\u007fé', 12),
      fc
        .tuple(fc.array(line, { minLength: 1, maxLength: 5 }), fc.constantFrom('', '\n', '\n\n'))
        .map(([lines, end]) => lines.join('\n') + end),
    );
    const { map } = fc.letrec<{ value: unknown; map: object }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof({ weight: 5, arbitrary: text }, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()),
        fc.constantFrom(true, false, null),
        fc.array(tie('value'), { maxLength: 4 }),
        tie('map'),
      ),
      map: fc.dictionary(text, tie('value'), { maxKeys: 4 }),
    }));
    const run = fc.asyncProperty(map, async (object) => {
      expect(await misread(object)).toEqual([]);
    });
    await fc.assert(run, { numRuns: 1000 });
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        expect(await misread({ data: { script: value }, [value]: [value] })).toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });
});

describe('a reviewer reads', () => {
  const script = '#!/usr/bin/env bash\nset -Eeuo pipefail\n\nif true; then\n\techo "a: b"  # c\nfi\n';

  test('an object that begins with what it is, other keys in order, and scripts line by line', () => {
    const object = {
      spec: {
        template: { spec: { containers: [{ image: 'postgres:17.6-bookworm', args: ['-c', 'a=1'], name: 'db' }] } },
        replicas: 1,
        paused: false,
        selector: {},
        tolerations: [],
        note: null,
        absent: undefined,
      },
      data: { 'run.sh': script, port: '5432' },
      metadata: { labels: { b: 'no', a: 'x' }, namespace: 'school', name: 'db' },
      kind: 'Deployment',
      apiVersion: 'apps/v1',
    };
    expect(toYaml(object)).toBe(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: db
  namespace: school
  labels:
    a: x
    b: "no"
data:
  port: "5432"
  run.sh: |
    #!/usr/bin/env bash
    set -Eeuo pipefail

    if true; then
    \techo "a: b"  # c
    fi
spec:
  note: null
  paused: false
  replicas: 1
  selector: {}
  template:
    spec:
      containers:
        - name: db
          args:
            - -c
            - a=1
          image: postgres:17.6-bookworm
  tolerations: []
`);
  });

  test.each([
    ['no final newline', 'a\nb', '|-\n  a\n  b\n'],
    ['one final newline', 'a\nb\n', '|\n  a\n  b\n'],
    ['several final newlines', 'a\nb\n\n', '|+\n  a\n  b\n\n'],
    ['spaces before the first word', '  a\nb\n', '|2\n    a\n  b\n'],
    ['a tab before the first word', '\n\ta\n', '|2\n\n  \ta\n'],
    ['spaces at line ends', 'a  \nb\t\n', '|\n  a  \n  b\t\n'],
    ['emoji', 'a 😀\nß\n', '|\n  a 😀\n  ß\n'],
    ['white space only', ' \n\t\n', '" \\n\\t\\n"\n'],
    ['a last line of white space', 'a\n \n', '"a\\n \\n"\n'],
    ['a carriage return', 'a\r\nb\n', '"a\\u000D\\nb\\n"\n'],
    ['a next-line character', 'a\u0085b\n', '"a\\u0085b\\n"\n'],
    ['a line separator', 'a\u2028b\n', '"a\\u2028b\\n"\n'],
    ['a byte order mark', '\ufeffa\nb', '"\\uFEFFa\\nb"\n'],
    ['a mark that turns the direction of text', 'a\n\u202eb', '"a\\n\\u202Eb"\n'],
    ['NUL and DEL', 'a\n\0\u007f', '"a\\n\\u0000\\u007F"\n'],
    ['an invisible tag', 'a\n\u{e0041}', '"a\\n\\U000E0041"\n'],
  ])('text of several lines with %s', (_, text, written) => {
    expect(toYaml({ a: text })).toBe(`a: ${written}`);
  });

  test.each([
    ...[
      'school-platform',
      'prod-20260101.17',
      'registry.example.com:5000/a/b@sha256:0f',
      'https://a.b/c?d=e#f',
      '/data',
    ],
    ...['--port=8080', '-c', '$(PGDATA)/x', '17.6-bookworm', '10.0.0.0/8', '250m', '256Mi', '30s', 'Australia/Perth'],
    ...['A sentence, with (brackets) [and] {braces}; "quotes", it\'s fine!', 'a=b', 'io.x/y', 'Yes, it is'],
  ])('%s without quotes', (text) => {
    expect(toYaml({ a: text })).toBe(`a: ${text}\n`);
  });

  test.each([
    ['80', '"80"'],
    ['0 3 * * *', '"0 3 * * *"'],
    ['*.example.com', '"*.example.com"'],
    ['grüße', '"grüße"'],
    ['it is: "so"', `'it is: "so"'`],
    [`^\\d+'$`, `'^\\d+''$'`],
    ['{"a":1}', `'{"a":1}'`],
    ['"\\\t', '"\\"\\\\\\t"'],
  ])('%s with the quotes that keep it readable', (text, written) => {
    expect(toYaml({ a: text })).toBe(`a: ${written}\n`);
  });

  test.each([
    [-0, '0'],
    [1e3, '1000'],
    [1e21, '1.0e+21'],
    [1.5e-9, '1.5e-9'],
    [2 ** 53, '9007199254740992'],
  ])('the number %d as %s', (number, written) => {
    expect(toYaml({ a: number })).toBe(`a: ${written}\n`);
  });
});

test('the order in which keys were given does not change a byte', () => {
  const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.nat()), { selector: ([key]) => key, minLength: 1 });
  const shuffled = entries.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(shuffled, ([one, other]) => {
      expect(toYaml(Object.fromEntries(one))).toBe(toYaml(Object.fromEntries(other)));
    }),
  );
});

test('files with "---" between them are read as the objects they were', () => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.constantFrom(...HOSTILE_TEXT), fc.constantFrom(...HOSTILE_TEXT))),
      (objects) => {
        const stream = objects.map((object) => `---\n${toYaml(object)}`).join('');
        expect(loadAll(stream).map(canonical)).toEqual(objects.map(canonical));
      },
    ),
  );
});

test('an object that occurs twice is written twice, without anchors', () => {
  const labels = { app: 'a' };
  expect(toYaml({ a: labels, b: [labels, labels] })).toBe('a:\n  app: a\nb:\n  - app: a\n  - app: a\n');
});

test('undefined in a map is left out, and a map with nothing else is empty', () => {
  expect(toYaml({ a: { b: undefined }, c: [{ d: undefined }, []], e: undefined })).toBe('a: {}\nc:\n  - {}\n  - []\n');
  expect(toYaml({ a: undefined })).toBe('{}\n');
});

test('objects of another realm and without prototype are plain too', () => {
  const foreign: object = runInNewContext('({ a: [{ b: 1 }] })');
  expect(toYaml(Object.assign(Object.create(null), foreign))).toBe('a:\n  - b: 1\n');
});

describe('a value that YAML cannot carry is refused:', () => {
  const circle: Record<string, unknown> = { a: [] };
  circle.a = [circle];
  class Probe {}
  test.each<[string, unknown, string]>([
    ['undefined in a list', ['a', undefined], 'spec.x[1]: undefined in a list; leave the item out'],
    ['a hole in a list', new Array(1), 'spec.x[0]: undefined in a list; leave the item out'],
    ['NaN', Number.NaN, 'spec.x: NaN is not a number that JSON can carry; give a finite one'],
    ['-Infinity', [-Infinity], 'spec.x[0]: -Infinity is not a number that JSON can carry; give a finite one'],
    ['a function', { 'a.b/c': () => 1 }, 'spec.x["a.b/c"]: a function is not data; give text, a number'],
    ['a symbol', Symbol('a'), 'spec.x: a symbol is not data; give text'],
    ['a bigint', 1n, 'spec.x: a bigint is not data; give text, a number'],
    ['a date', new Date(0), 'spec.x: an instance of Date is not plain data; give its text'],
    ['a Map', new Map(), 'spec.x: an instance of Map is not plain data; give its text'],
    ['an instance of a class', new Probe(), 'spec.x: an instance of Probe is not plain data; give its text'],
    ['bytes', Buffer.from('a'), 'spec.x: an instance of Buffer is not plain data; give its text'],
    ['a circle', circle, 'spec.x.a[0]: contains itself; give a copy without the circle'],
    ['half an emoji', 'ab\ud83d', 'spec.x: lone surrogate \\uD83D at character 3; give well-formed Unicode text'],
    ['half an emoji in a script', 'a\n\ude00b', 'spec.x: lone surrogate \\uDE00 at character 3; give well-formed'],
    ['half an emoji in a key', { '\ud83d': 1 }, 'spec.x["\\ud83d"]: lone surrogate \\uD83D at character 1; give'],
  ])('%s', (_, x, message) => {
    const object = { kind: 'Thing', metadata: { namespace: 'school', name: 'a' }, spec: { x } };
    expect(() => toYaml(object)).toThrow(`Thing school/a cannot be written as YAML:\n${message}`);
  });

  test('all of an object at once', () => {
    expect(() => toYaml({ kind: 'Thing', a: [undefined], b: Number.NaN, metadata: { name: 'n', c: 1n } })).toThrow(
      /^Thing n cannot be written as YAML:\nmetadata\.c: .*\na\[0\]: .*\nb: NaN .*$/,
    );
  });

  test.each([[[]], [new Date(0)], [[{ a: 1 }]]])('%j in place of an object', (value) => {
    expect(() => toYaml(value)).toThrow(
      'object cannot be written as YAML:\nonly an object with keys can be a Kubernetes object',
    );
  });
});
