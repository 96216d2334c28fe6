const PATTERN =
  /^(?<repository>[a-z0-9]+(?:[._-][a-z0-9]+)*(?::\d+(?=\/))?(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>sha256:[a-f0-9]{64}))?$/;

/** A container image with a tag or a digest; `latest` is not one. */
export class ImageReference {
  /**
   * Reads `repository:tag`, `repository@sha256:…` or both.
   *
   * @throws when the text is no image reference, has neither tag nor digest, or the tag is `latest`
   */
  public static parse(text: string): ImageReference {
    const { repository, tag, digest } = PATTERN.exec(text)?.groups ?? {};
    if (repository === undefined) {
      throw new Error(`image "${text}" is not a reference; write repository:tag, e.g. postgres:17.6-bookworm`);
    }
    if (tag === undefined && digest === undefined) {
      throw new Error(`image "${text}" has neither tag nor digest; add one, e.g. ${text}:1.2.3`);
    }
    if (tag === 'latest' && digest === undefined) {
      throw new Error(`image "${text}" moves with every push; name a version instead of latest`);
    }
    return new ImageReference(repository, tag, digest);
  }

  private constructor(
    /** Everything before tag and digest, e.g. `registry.example.com/school/platform`. */
    public readonly repository: string,
    /** @default - none: the digest alone names the image */
    public readonly tag: string | undefined,
    /** `sha256:` and 64 hexadecimal digits. @default - none */
    public readonly digest: string | undefined,
  ) {}

  /** The reference as a pod writes it. */
  public toString(): string {
    return [this.repository, this.tag && `:${this.tag}`, this.digest && `@${this.digest}`].filter(Boolean).join('');
  }
}
