import { defineRule } from './define-rule';
import { imageParts } from './image-parts';

/** The init container of a migration gate that runs the image whose migrations a pod waits for. */
const GATE = 'list-migrations';

/**
 * A pod waits for the migrations of its own release: what it runs has the tag of the image that lists them. With an older
 * list it would meet an old schema, with a newer one it would wait for what nobody applies.
 */
export const gateRelease = defineRule('gate-release', (view, report) => {
  for (const pod of view.pods) {
    const image = pod.spec.initContainers?.find(({ name }) => name === GATE)?.image;
    if (image === undefined) {
      continue;
    }
    const release = releaseOf(image);
    for (const container of pod.spec.containers ?? []) {
      if (container.image !== undefined && releaseOf(container.image) !== release) {
        const wrong = `container "${container.name}" runs "${container.image}" and waits for the migrations of "${image}"`;
        report(pod, wrong, 'give both the same tag: they are one release');
      }
    }
  }
});

/** The same image may be named by digest alone. */
function releaseOf(image: string): string | undefined {
  const { tag, digest } = imageParts(image);
  return tag ?? digest;
}
