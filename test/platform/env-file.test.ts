import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readEnvFile } from '../../lib/platform/env-file';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'env-file-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const text = z.string().optional();
const variables = {
  PORT: z.string().regex(/^\d+$/, 'write a port number'),
  HOST: text,
  KEY_ID: text,
  KEY: text,
  BUCKET: text,
};

function read(content: string) {
  const path = join(folder, 'prod.env');
  writeFileSync(path, content);
  return readEnvFile({ path, place: 'platforms/shop/prod.env', variables, allOrNone: [['KEY_ID', 'KEY', 'BUCKET']] });
}

test('is read as a shell would, without what has no value', () => {
  expect(read('# the shop\nPORT=8080\n\nexport HOST="shop.example.com" # public\nKEY=\n')).toEqual({
    PORT: '8080',
    HOST: 'shop.example.com',
  });
});

test.each([
  ['PORT=many', 'PORT is "many"; write a port number'],
  ['HOST=x.example.com', 'PORT is missing; write a value of type string'],
  ['PORT=1\nPROT=2', 'PROT is not known here; remove it or correct its name'],
  ['PORT=1\njust words', 'line 2 is "just words"; write NAME=value on one line'],
  ['PORT=1\nPORT=2', 'line 2 sets PORT again; keep one of the two'],
  ['PORT=1\nKEY=a', 'KEY_ID, BUCKET have no value but KEY has; fill in all of them or none'],
  ['PORT=1\nKEY=a\nBUCKET=b', 'KEY_ID has no value but KEY, BUCKET have; fill in all of them or none'],
])('%j is refused', (content, problem) => {
  expect(() => read(content)).toThrow(new Error(`platforms/shop/prod.env: ${problem}`));
});

// Words that people leave in a file, "TODO" among them, are what is tested here.
test.each(['changeme', 'CHANGE_ME', 'replace-me', 'TODO', 'xxxx', 'your-host', '<host>', '...'])(
  'the placeholder %s is refused',
  (placeholder) => {
    expect(() => read(`PORT=1\nHOST=${placeholder}`)).toThrow(
      `HOST is "${placeholder}"; write its value, or leave it empty`,
    );
  },
);

test.each(['yourself.example.com', 'https://example.com/x?y=<z>', 'todos'])('%s is no placeholder', (value) => {
  expect(read(`PORT=1\nHOST=${value}`)).toHaveProperty('HOST', value);
});

test.each([
  ['HOST=https://example.com/#/start', 'https://example.com/'],
  ['HOST=#1', ''],
  ['HOST="a" b', 'a'],
  ['HOST="a\\"b"', 'a\\'],
  [`HOST='it''s'`, 'it'],
  ['HOST="a"#b', 'a'],
  ['HOST=a\rKEY=b', 'aKEY=b'],
  ['HOST=\ta', '\ta'],
])('%j is not taken for %j', (line) => {
  const value = line.slice('HOST='.length);
  expect(() => read(`PORT=1\n${line}\n`)).toThrow(
    new Error(
      `platforms/shop/prod.env: line 2 gives HOST ${JSON.stringify(value)}; ` +
        'put all of the value into quotes that it does not hold itself, and a blank before the # of a comment',
    ),
  );
});

test('a quote that is not closed on its line swallows no other variable', () => {
  expect(() => read('PORT=1\nHOST="a\nKEY=b"\nBUCKET=c\n')).toThrow('line 2 gives HOST "\\"a"; put all of the value');
});

test('a name that no object can have is refused like any other that is not known', () => {
  expect(() => read('PORT=1\n__proto__=x\n')).toThrow(
    'platforms/shop/prod.env: __proto__ is not known here; remove it or correct its name',
  );
});

test.each([
  [`HOST='a "b" # c' # d`, 'a "b" # c'],
  ['HOST="#1"', '#1'],
  ['HOST=`it\'s "so"`', 'it\'s "so"'],
  ["HOST=it's here # d", "it's here"],
  ['HOST= a b \r', 'a b'],
  ['HOST="a"\r', 'a'],
])('%j is %j', (line, value) => {
  expect(read(`PORT=1\n${line}\nBUCKET=\n`)).toEqual({ PORT: '1', HOST: value });
});

test('all problems come at once', () => {
  const refusal = () => read('PORT=many\nHOST=changeme\nKEY=a\n');
  for (const name of ['PORT', 'HOST', 'KEY_ID']) {
    expect(refusal).toThrow(name);
  }
});
