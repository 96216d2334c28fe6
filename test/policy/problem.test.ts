import { formatProblems } from '../../lib/policy/problem';

const FIRST = { rule: 'probes', place: 'shop prod app Deployment/shop', message: 'b is wrong; write c' };
const SECOND = { rule: 'cronjobs', place: 'shop prod app Deployment/shop', message: 'a is wrong; write b' };
const OTHER = { rule: 'frozen', place: 'other prod', message: 'x was "1"; bring it back' };

test('problems are read by place, each with its rule, in an order that finding them does not change', () => {
  const text = [
    'other prod',
    '  x was "1"; bring it back (frozen)',
    'shop prod app Deployment/shop',
    '  a is wrong; write b (cronjobs)',
    '  b is wrong; write c (probes)',
  ].join('\n');
  expect(formatProblems([FIRST, SECOND, OTHER])).toBe(text);
  expect(formatProblems([OTHER, SECOND, FIRST])).toBe(text);
});

test('what is found twice is said once', () => {
  expect(formatProblems([OTHER, OTHER])).toBe('other prod\n  x was "1"; bring it back (frozen)');
});

test('no problems are no text', () => {
  expect(formatProblems([])).toBe('');
});
