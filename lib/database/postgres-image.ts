import type { ImageReference } from '../platform/image-reference';

/** Debian releases that the official image is built on; its tags end in one of them. */
const DEBIAN_RELEASES = ['bullseye', 'bookworm', 'trixie'];

/**
 * Major version of an official `postgres` image, Debian flavour, read from its tag.
 *
 * The release must be in the tag: under a shorter one the image moves to a Debian release with another glibc, whose
 * changed sort order breaks indexes on text.
 *
 * @throws when the tag names no version with a Debian release
 */
export function postgresMajor(image: ImageReference): number {
  const [, major, release] = /^(\d+)(?:\.\d+)?(?:-([a-z]+))?/.exec(image.tag ?? '') ?? [];
  if (major === undefined || release === undefined || !DEBIAN_RELEASES.includes(release)) {
    throw new Error(
      `postgres image "${image}" does not name its version and Debian release; ` +
        `write a tag such as 17.6-bookworm (with -${DEBIAN_RELEASES.join(', -')})`,
    );
  }
  return Number(major);
}
