import { defineRule } from './define-rule';
import { imageParts } from './image-parts';

/** Repositories whose last part says that a database server, or its client of the same build, is in them. */
const DATABASE_IMAGES = new Set(['mariadb', 'mysql', 'postgis', 'postgres', 'postgresql']);

/** Code names and numbers of the operating system releases that official database images are built on. */
const OS_RELEASE =
  /(^|[-_.])(buster|bullseye|bookworm|trixie|forky|bionic|focal|jammy|noble|alpine-?\d+\.\d+|debian-?\d+|ubuntu-?\d+\.\d+|ubi\d+)([-_.]|$)/;

/** Parts of tags that name no version: branches, channels, stages and variants. */
const MOVING =
  /^(alpha|alpine|beta|canary|current|dev|devel|develop|development|edge|experimental|head|latest|lts|main|mainline|master|next|nightly|preview|prod|production|rc|release|rolling|slim|snapshot|stable|staging|test|testing|trunk|unstable)$/i;

/** Whether nothing in a tag says which version it is. */
function isMoving(tag: string): boolean {
  return tag.split(/[-_]/).every((part) => MOVING.test(part) || OS_RELEASE.test(part));
}

/**
 * Every image has a tag or a digest, and the tag names a version, not a branch or a channel; a database's names its
 * operating system release too: text indexes are sorted by the C library, and a moved one makes them return wrong rows.
 */
export const pinnedImages = defineRule('pinned-images', ({ pods }, report) => {
  for (const pod of pods) {
    for (const { name: container, image = '' } of pod.containers) {
      const { name, tag, digest } = imageParts(image);
      const what = `image "${image}" of container "${container}"`;
      if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) {
        report(pod, `${what} has no whole digest`, 'write sha256: and 64 hexadecimal digits');
      } else if (tag === undefined && digest === undefined) {
        report(pod, `${what} has neither tag nor digest`, 'add the version that was tested');
      } else if (tag === 'latest' || (digest === undefined && tag !== undefined && isMoving(tag))) {
        report(pod, `${what} moves with every push`, `name a version instead of ${tag}`);
      } else if (digest === undefined && tag !== undefined && !OS_RELEASE.test(tag)) {
        if (pod.component === 'database' || DATABASE_IMAGES.has(name)) {
          const wayOut = 'name the release in the tag, e.g. 17.6-bookworm, or add the digest';
          report(pod, `${what} does not say which operating system release it is built on`, wayOut);
        }
      }
    }
  }
});
