/** The Kubernetes namespace that a platform runs in: its own, or one that others made and share. */
export class Namespace {
  /** The platform makes the namespace, and everything in it is the platform's. */
  public static owned(name: string): Namespace {
    return new Namespace(name, true);
  }

  /** The namespace is there already; nothing of the platform touches what others run in it. */
  public static existing(name: string): Namespace {
    return new Namespace(name, false);
  }

  private constructor(
    public readonly name: string,
    /** Whether the platform renders the Namespace object. */
    public readonly owned: boolean,
  ) {}
}
