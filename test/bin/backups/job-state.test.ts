import { failureReasons, hasStarted, progressOf } from '../../../bin/backups/job-state';
import type { ContainerStatus, Pod } from '../../../bin/backups/kubernetes-objects';

const METADATA = { name: 'backup-pod' };

function podWith(...containerStatuses: ContainerStatus[]): Pod {
  return { metadata: METADATA, status: { containerStatuses } };
}

const unscheduled: Pod = {
  metadata: METADATA,
  status: {
    conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes are available:\n 1 Insufficient cpu.' }],
  },
};

const ended = (exitCode: number) => ({ name: 'dump', state: { terminated: { exitCode } } });

test.each<[string, Pod | undefined, string]>([
  ['no pod', undefined, 'no pod yet'],
  ['a pod without a node', unscheduled, 'pod waits for a node: 0/1 nodes are available: 1 Insufficient cpu.'],
  ['a pod that has just got a node', { metadata: METADATA, status: {} }, 'pod is on its node'],
  [
    'a container that is made',
    podWith({ name: 'dump', state: { waiting: { reason: 'ContainerCreating' } } }),
    'dump waiting (ContainerCreating)',
  ],
  [
    'a running one beside a done one',
    podWith(ended(0), { name: 'report', state: { running: {} } }),
    'dump done, report running',
  ],
  ['a failed one', podWith(ended(4)), 'dump failed (exit code 4)'],
])('%s is told on one line', (_, pod, expected) => expect(progressOf(pod)).toBe(expected));

test('a long message is cut', () => {
  const pod = podWith({ name: 'dump', state: { waiting: { reason: 'ErrImagePull', message: 'x'.repeat(1000) } } });
  expect(progressOf(pod).length).toBeLessThan(200);
});

test('init containers come first', () => {
  const pod: Pod = {
    metadata: METADATA,
    status: {
      initContainerStatuses: [{ name: 'fetch', state: { running: {} } }],
      containerStatuses: [{ name: 'dump' }],
    },
  };
  expect(progressOf(pod)).toBe('fetch running, dump waiting (no reason given)');
});

test.each([
  [{ running: {} }, true],
  [{ terminated: { exitCode: 1 } }, true],
  [{ waiting: {} }, false],
  [undefined, false],
])('whether a container with the state %j may have a log: %s', (state, expected) => {
  expect(hasStarted(podWith({ name: 'dump', state }), 'dump')).toBe(expected);
});

test('every reason of a failure is given: containers, pod and Job', () => {
  const killed = { name: 'dump', state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } };
  const refused = { name: 'upload', state: { terminated: { exitCode: 5, message: 'upload failed: 403\n' } } };
  const pod: Pod = {
    metadata: METADATA,
    status: { reason: 'Evicted', message: 'emptyDir too large', containerStatuses: [killed, refused, ended(0)] },
  };
  const failed = { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'too often' };
  expect(failureReasons({ metadata: METADATA, status: { conditions: [failed] } }, pod)).toEqual([
    'dump: OOMKilled (exit code 137)',
    'upload: upload failed: 403 (exit code 5)',
    'pod: Evicted: emptyDir too large',
    'job: BackoffLimitExceeded: too often',
  ]);
});
