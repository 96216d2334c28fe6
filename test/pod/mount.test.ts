import { Size } from 'cdk8s';
import { claimMount, type Mount, type ScratchOptions, scratchMount } from '../../lib/pod/mount';
import { minimalContainer, renderedTemplate } from '../support/test-platform';

/** The volume and the container's mount as they are written. */
function rendered(mount: Mount) {
  const { spec } = renderedTemplate({ containers: [{ ...minimalContainer, mounts: [mount] }] });
  return { volumes: spec.volumes, volumeMounts: spec.containers[0]?.volumeMounts };
}

describe('a scratch folder', () => {
  test('is called after its path, holds 64 MiB and lies on the disk', () => {
    expect(rendered(scratchMount('/var/cache'))).toEqual({
      volumes: [{ name: 'cache', emptyDir: { sizeLimit: '64Mi' } }],
      volumeMounts: [{ name: 'cache', mountPath: '/var/cache' }],
    });
  });

  const everything: Required<ScratchOptions> = { name: 'shared-memory', size: Size.gibibytes(1), inMemory: true };

  test('may have another name, size and lie in memory', () => {
    expect(rendered(scratchMount('/dev/shm', everything))).toEqual({
      volumes: [{ name: 'shared-memory', emptyDir: { sizeLimit: '1Gi', medium: 'Memory' } }],
      volumeMounts: [{ name: 'shared-memory', mountPath: '/dev/shm' }],
    });
  });

  test('lies on the disk when told so', () => {
    expect(scratchMount('/tmp', { inMemory: false }).volume.emptyDir).not.toHaveProperty('medium');
  });
});

describe('a claim', () => {
  test('is mounted whole and writable', () => {
    expect(rendered(claimMount({ name: 'shop-data' }, { path: '/data', volume: 'data' }))).toEqual({
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'shop-data' } }],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    });
  });

  const everything: Required<Parameters<typeof claimMount>[1]> = {
    path: '/data',
    volume: 'data',
    subPath: 'postgres',
    readOnly: true,
  };

  test('may be mounted in part, and to read only', () => {
    expect(rendered(claimMount({ name: 'shop-data' }, everything)).volumeMounts).toEqual([
      { name: 'data', mountPath: '/data', subPath: 'postgres', readOnly: true },
    ]);
  });
});
