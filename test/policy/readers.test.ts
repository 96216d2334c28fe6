import { imageParts } from '../../lib/policy/image-parts';
import { seconds } from '../../lib/policy/kustomizations';
import type { LabelSelector } from '../../lib/policy/objects';
import { selects } from '../../lib/policy/selectors';

const LABELS = { app: 'shop', tier: 'web' };

test.each<[string, boolean, LabelSelector | undefined]>([
  ['nothing', false, undefined],
  ['an empty selector', true, {}],
  ['one label', true, { matchLabels: { app: 'shop' } }],
  ['another value', false, { matchLabels: { app: 'shop', tier: 'db' } }],
  ['a label that is not there', false, { matchLabels: { team: 'web' } }],
  ['In', true, { matchExpressions: [{ key: 'tier', operator: 'In', values: ['db', 'web'] }] }],
  ['In without the value', false, { matchExpressions: [{ key: 'tier', operator: 'In', values: ['db'] }] }],
  ['NotIn', false, { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['web'] }] }],
  [
    'NotIn of a label that is not there',
    true,
    { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['x'] }] },
  ],
  ['Exists', true, { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }],
  ['DoesNotExist', false, { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }],
  ['both', false, { matchLabels: { app: 'shop' }, matchExpressions: [{ key: 'team', operator: 'Exists' }] }],
])('a selector with %s takes the pods as the API server does: %s', (_, taken, selector) => {
  expect(selects(selector, LABELS)).toBe(taken);
});

test.each([
  ['90s', 90],
  ['5m', 300],
  ['1h5m0s', 3900],
  ['1.5h', 5400],
  ['5 m', undefined],
  ['5', undefined],
  ['', undefined],
])('the duration "%s" is %s seconds', (duration, length) => {
  expect(seconds(duration)).toBe(length);
});

test.each([
  ['postgres', 'postgres', undefined, undefined],
  ['postgres:17', 'postgres', '17', undefined],
  ['host:5000/a/postgres', 'postgres', undefined, undefined],
  ['host:5000/a/postgres:17@sha256:00', 'postgres', '17', 'sha256:00'],
  ['a/b@sha256:00', 'b', undefined, 'sha256:00'],
  ['a/b:', 'b', undefined, undefined],
])('the image "%s" is %s with tag %s and digest %s', (image, name, tag, digest) => {
  expect(imageParts(image)).toMatchObject({ name, tag, digest });
});
