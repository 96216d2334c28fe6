import { defineRule } from './define-rule';

/**
 * A pod that runs an image of the team's own registry brings the Secret to pull it with: without one the pod starts on
 * nodes that happen to have the image, and fails with ErrImagePull on the next.
 */
export const pullSecrets = defineRule('pull-secrets', ({ tree, pods }, report) => {
  const { registry } = tree.cluster;
  for (const pod of pods) {
    const own = pod.containers.find(({ image = '' }) => image.startsWith(`${registry}/`));
    if (own !== undefined && (pod.spec.imagePullSecrets ?? []).length === 0) {
      const wrong = `image "${own.image}" is of the registry ${registry}, and the pod has no imagePullSecrets`;
      report(pod, wrong, 'name the Secret that pulls it (pullSecret)');
    }
  }
});
