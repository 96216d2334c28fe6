/** The parts of an image as a pod names it, valid or not. */
export interface ImageParts {
  /** Everything before tag and digest. */
  readonly repository: string;
  /** Last part of the repository, e.g. `postgres`. */
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Takes an image apart without judging it, so that a rule can say what is missing. */
export function imageParts(image: string): ImageParts {
  const [reference = '', digest] = image.split('@', 2);
  const slash = reference.lastIndexOf('/');
  // A colon before the last slash belongs to the registry's port.
  const colon = reference.indexOf(':', slash + 1);
  const repository = colon === -1 ? reference : reference.slice(0, colon);
  const tag = colon === -1 ? undefined : reference.slice(colon + 1);
  return { repository, name: repository.slice(slash + 1), tag: tag === '' ? undefined : tag, digest };
}
