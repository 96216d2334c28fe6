import type { Duration } from 'cdk8s';
import type { ContainerProps } from './container';

/** What must have come to a good end before the containers of a pod start. */
export interface StartGate {
  /** Run in order, each to its end. */
  readonly initContainers: readonly ContainerProps[];

  /** The longest that all of them together may take. */
  readonly budget: Duration;
}
