import type { Size } from 'cdk8s';

/** A size as Kubernetes writes it, in the largest unit that keeps it exact: `1Gi`, `1536Mi`. */
export function quantity(size: Size): string {
  const kibibytes = size.toKibibytes();
  const units: readonly [number, string][] = [
    [1024 * 1024, 'Gi'],
    [1024, 'Mi'],
  ];
  const [factor, unit] = units.find(([each]) => kibibytes % each === 0) ?? [1, 'Ki'];
  return `${kibibytes / factor}${unit}`;
}
