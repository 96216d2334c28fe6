import { Size } from 'cdk8s';
import { Redis, type RedisProps } from '../../lib/cache/redis';
import { ImageReference } from '../../lib/platform/image-reference';
import { NetworkAccess } from '../../lib/pod/network-access';
import { containerOf, namesOf, only, templateOf, testPlatform } from '../support/test-platform';

const minimal: RedisProps = { name: 'redis', image: ImageReference.parse('redis:7.4.1-bookworm') };
const everything: Required<RedisProps> = { ...minimal, maxMemory: Size.mebibytes(200) };

function render(props: RedisProps) {
  const platform = testPlatform();
  const redis = new Redis(platform.layers.app, 'Redis', props);
  return { platform, redis, deployment: only(platform, 'Deployment', props.name) };
}

test('is one pod, never two, behind a Service of its name', () => {
  const { platform, deployment } = render(minimal);
  expect(namesOf(platform)).toEqual([
    'NetworkPolicy/redis',
    'ServiceAccount/redis',
    'Deployment/redis',
    'Service/redis',
  ]);
  expect(deployment.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  expect(only(platform, 'Service', 'redis').spec).toMatchObject({ ports: [{ port: 6379, targetPort: 'redis' }] });
});

test('writes nothing to a disk and is a user of the image', () => {
  const { deployment } = render(minimal);
  expect(containerOf(deployment, 'redis').args).toEqual([
    '--save',
    '',
    '--appendonly',
    'no',
    '--maxmemory',
    '128mb',
    '--maxmemory-policy',
    'allkeys-lru',
  ]);
  expect(templateOf(deployment).spec).toMatchObject({ securityContext: { runAsUser: 999 } });
});

test('maxMemory is for data, and the container has half as much again', () => {
  const redis = containerOf(render(everything).deployment, 'redis');
  expect(redis.args).toContain('200mb');
  expect(redis.resources).toMatchObject({ requests: { memory: '300Mi' }, limits: { memory: '300Mi' } });
});

test('nobody reaches it who was not let in', () => {
  const { platform, redis } = render(minimal);
  expect(only(platform, 'NetworkPolicy', 'redis').spec).not.toHaveProperty('ingress.0');
  redis.allowFrom(new NetworkAccess(platform.layers.app, 'Web', { name: 'web', selector: { app: 'web' } }));
  expect(platform.flows).toEqual([{ from: 'web', to: 'redis', port: 6379 }]);
});
