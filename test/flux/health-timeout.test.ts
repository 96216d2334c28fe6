import fc from 'fast-check';
import { healthTimeout } from '../../lib/flux/health-timeout';
import type { Manifest } from '../../lib/platform/manifest';

const object = (kind: string, spec?: object): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x' },
  ...(spec && { spec }),
});

test.each([
  ['no object', [], '5m'],
  ['objects without a deadline', [object('ConfigMap'), object('Service', { ports: [] })], '5m'],
  ['a Deployment', [object('Deployment', { progressDeadlineSeconds: 1200 })], '25m'],
  ['a Job', [object('Job', { activeDeadlineSeconds: 600 })], '15m'],
  [
    'the longest of several',
    [
      object('Deployment', { progressDeadlineSeconds: 600 }),
      object('Deployment', { progressDeadlineSeconds: 3900 }),
      object('Job', { activeDeadlineSeconds: 900 }),
    ],
    '70m',
  ],
  // Flux takes a CronJob for healthy at once, so its Jobs' deadlines hold nobody up.
  ['a CronJob', [object('CronJob', { jobTemplate: { spec: { activeDeadlineSeconds: 21_600 } } })], '5m'],
  ['whole minutes only', [object('Job', { activeDeadlineSeconds: 301 })], '11m'],
])('%s', (_, objects, timeout) => {
  expect(healthTimeout(objects)).toBe(timeout);
});

test('the timeout is above every deadline by five minutes, and less than a minute more', () => {
  const deadline = fc.record({ kind: fc.constantFrom('Deployment', 'Job'), seconds: fc.integer({ min: 1, max: 1e6 }) });
  fc.assert(
    fc.property(fc.array(deadline, { minLength: 1 }), (deadlines) => {
      const objects = deadlines.map(({ kind, seconds }) =>
        object(kind, kind === 'Job' ? { activeDeadlineSeconds: seconds } : { progressDeadlineSeconds: seconds }),
      );
      const longest = Math.max(...deadlines.map(({ seconds }) => seconds));
      const [, minutes] = /^(\d+)m$/.exec(healthTimeout(objects)) ?? [];
      expect(Number(minutes) * 60).toBeGreaterThanOrEqual(longest + 300);
      expect(Number(minutes) * 60).toBeLessThan(longest + 360);
    }),
  );
});
