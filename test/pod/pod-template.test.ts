import { Duration } from 'cdk8s';
import { SecretReference } from '../../lib/platform/secret-reference';
import { claimMount, scratchMount } from '../../lib/pod/mount';
import type { PodProps, PodUser } from '../../lib/pod/pod-template';
import { minimalContainer, renderedContainer, renderedTemplate } from '../support/test-platform';

const user: Required<PodUser> = { uid: 1000, gid: 1001, fsGroup: 1002, supplementalGroups: [999, 998] };

const everything: Required<PodProps> = {
  labels: { 'app.kubernetes.io/name': 'web' },
  serviceAccountName: 'web',
  user,
  containers: [{ ...minimalContainer, mounts: [scratchMount('/tmp')] }],
  initContainers: [
    { ...minimalContainer, name: 'first' },
    { ...minimalContainer, name: 'second' },
  ],
  pullSecrets: [new SecretReference('registry', { '.dockerconfigjson': 'deploy token' })],
  grace: Duration.minutes(2),
  restartPolicy: 'Never',
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } },
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
};

test('a minimal pod runs as a number that is not root, with no token, and says nothing else', () => {
  expect(renderedTemplate({})).toEqual({
    metadata: { labels: { app: 'shop' } },
    spec: {
      serviceAccountName: 'shop',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [renderedContainer({})],
    },
  });
});

test('everything that is given is rendered', () => {
  expect(renderedTemplate(everything)).toEqual({
    metadata: { labels: { 'app.kubernetes.io/name': 'web' } },
    spec: {
      serviceAccountName: 'web',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1001,
        fsGroup: 1002,
        fsGroupChangePolicy: 'OnRootMismatch',
        supplementalGroups: [999, 998],
        seccompProfile: { type: 'RuntimeDefault' },
      },
      imagePullSecrets: [{ name: 'registry' }],
      initContainers: [renderedContainer({ name: 'first' }), renderedContainer({ name: 'second' })],
      containers: [renderedContainer({ mounts: [scratchMount('/tmp')] })],
      volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }],
      terminationGracePeriodSeconds: 120,
      restartPolicy: 'Never',
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } },
      nodeSelector: { 'kubernetes.io/arch': 'amd64' },
    },
  });
});

describe('volumes', () => {
  const claim = claimMount({ name: 'shop-data' }, { path: '/data', volume: 'data' });

  test('are those that the containers mount, init containers included, each once', () => {
    const { volumes } = renderedTemplate({
      initContainers: [{ ...minimalContainer, name: 'init', mounts: [claim, scratchMount('/work')] }],
      containers: [
        { ...minimalContainer, mounts: [scratchMount('/tmp'), { ...claim, path: '/var/data', subPath: 'a' }] },
        { ...minimalContainer, name: 'side', mounts: [scratchMount('/tmp')] },
      ],
    }).spec;
    expect(volumes?.map(({ name }) => name)).toEqual(['data', 'work', 'tmp']);
  });
});

describe('what is mounted with a checksum rolls the pod', () => {
  const mount = (name: string, checksum: Record<string, string>) => ({ ...scratchMount(`/${name}`), checksum });

  test('of containers and init containers alike', () => {
    const { annotations } = renderedTemplate({
      initContainers: [{ ...minimalContainer, name: 'init', mounts: [mount('a', { 'checksum/a': '1' })] }],
      containers: [{ ...minimalContainer, mounts: [mount('b', { 'checksum/b': '2' }), scratchMount('/tmp')] }],
    }).metadata;
    expect(annotations).toEqual({ 'checksum/a': '1', 'checksum/b': '2' });
  });
});

test.each([0, 1000])('a user and group of %d are written as numbers', (uid) => {
  expect(renderedTemplate({ user: { uid } }).spec.securityContext).toMatchObject({ runAsUser: uid, runAsGroup: uid });
});
