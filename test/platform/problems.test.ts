import { z } from 'zod';
import { problemsOf, refuse } from '../../lib/platform/problems';

const schema = z.strictObject({
  port: z.number(),
  mode: z.enum(['on', 'off']),
  hosts: z.array(z.strictObject({ name: z.string().regex(/^[a-z]+$/, 'write small letters') })),
});

const good = { port: 80, mode: 'on', hosts: [{ name: 'a' }] };

test('a good value has no problems', () => {
  expect(problemsOf(schema, good, 'here')).toEqual([]);
});

test.each([
  ['a field that is missing', { ...good, port: undefined }, 'port is missing; write a value of type number'],
  ['a value of another type', { ...good, port: '80' }, 'port is "80"; write a value of type number'],
  ['null', { ...good, port: null }, 'port is null; write a value of type number'],
  ['a word that is not offered', { ...good, mode: 'yes' }, 'mode is "yes"; write one of "on", "off"'],
  ['a field in a list', { ...good, hosts: [{ name: 'A' }] }, 'hosts.0.name is "A"; write small letters'],
  ['a field that nobody knows', { ...good, prot: 80 }, 'prot is not known here; remove it or correct its name'],
  [
    'an unknown field inside',
    { ...good, hosts: [{ name: 'a', to: 1 }] },
    'hosts.0.to is not known here; remove it or correct its name',
  ],
  ['the whole document', [], 'the document is []; write a value of type object'],
  ['nothing', undefined, 'the document is missing; write a value of type object'],
])('place, path, value and way out are named for %s', (_, value, problem) => {
  expect(problemsOf(schema, value, 'platforms/shop/file.yaml')).toEqual([`platforms/shop/file.yaml: ${problem}`]);
});

const circle: Record<string, unknown> = {};
circle.again = circle;

test.each([
  [Number.POSITIVE_INFINITY, 'Infinity'],
  [Number.NaN, 'NaN'],
  [10n, '10'],
  [() => 'x', 'a function'],
  [[Number.NEGATIVE_INFINITY, { a: Number.NaN }], '["-Infinity",{"a":"NaN"}]'],
  [{ a: undefined, b: 10n, c: Symbol('x') }, '{"b":"10","c":"a symbol"}'],
  [circle, '{"again":"…"}'],
])('a value that JSON has no words for is named: %p', (value, words) => {
  const [problem] = problemsOf(schema, { ...good, mode: value }, 'here');
  expect(problem).toBe(`here: mode is ${words}; write one of "on", "off"`);
});

test('a value that occurs twice is no circle', () => {
  const twice = { a: 1 };
  expect(problemsOf(schema, { ...good, mode: [twice, twice] }, 'here')).toEqual([
    'here: mode is [{"a":1},{"a":1}]; write one of "on", "off"',
  ]);
});

test('all problems are found at once', () => {
  expect(problemsOf(schema, { port: 'x', hosts: [], one: 1, two: 2 }, 'here')).toEqual([
    'here: port is "x"; write a value of type number',
    'here: mode is missing; write one of "on", "off"',
    'here: one is not known here; remove it or correct its name',
    'here: two is not known here; remove it or correct its name',
  ]);
});

test('a list of problems is thrown as one Error, a line each', () => {
  expect(() => refuse(['one'])).toThrow(new Error('one'));
  expect(() => refuse(['one', 'two'])).toThrow(new Error('one\ntwo'));
});

test('no problems, no Error', () => {
  expect(() => refuse([])).not.toThrow();
});
