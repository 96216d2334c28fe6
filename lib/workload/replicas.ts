/** How many replicas an app has: a fixed number, or a range that a HorizontalPodAutoscaler keeps. */
export class Replicas {
  /**
   * Always the same number.
   *
   * @throws when it is not a whole number of at least 1
   */
  public static fixed(count: number): Replicas {
    requireWhole('replicas', count, 1);
    return new Replicas(count, undefined);
  }

  /**
   * As many as the load needs.
   *
   * @throws when the range is empty or a percentage is not within 1–100
   */
  public static scaled(range: Autoscaling): Replicas {
    requireWhole('minimum replicas', range.minimum, 1);
    requireWhole('maximum replicas', range.maximum, range.minimum);
    for (const percent of [range.cpuPercent, range.memoryPercent].filter((each) => each !== undefined)) {
      if (!(percent >= 1 && percent <= 100)) {
        throw new Error(`utilisation ${percent} % is not within 1–100; it is a share of the container's request`);
      }
    }
    return new Replicas(range.minimum, range);
  }

  private constructor(
    /** The number that is always there. */
    public readonly minimum: number,
    /** @default - none: the number is fixed */
    public readonly autoscaling: Autoscaling | undefined,
  ) {}
}

/** The range and the load at which an app is scaled. */
export interface Autoscaling {
  readonly minimum: number;
  readonly maximum: number;
  /** Mean CPU use, in percent of the request. @default 70 */
  readonly cpuPercent?: number;
  /** Mean memory use, in percent of the request. @default - memory does not count */
  readonly memoryPercent?: number;
}

function requireWhole(what: string, count: number, least: number): void {
  if (!Number.isInteger(count) || count < least) {
    throw new Error(`${what} must be a whole number of at least ${least}, got ${count}`);
  }
}
