import { Duration } from 'cdk8s';
import { Construct } from 'constructs';
import type { NetworkAccess } from '../pod/network-access';
import { startupProbe } from '../pod/rollout';
import { STARTUP_BUDGET, Workload, type WorkloadProps } from './workload';

/** Properties of `Worker`. */
export interface WorkerProps extends WorkloadProps {
  /**
   * Program of the image that exits with 0 once the worker works; it is asked until then, and never again.
   *
   * @default - none: a worker counts as ready as soon as it runs
   */
  readonly started?: readonly string[];
}

/** A program that takes its work from a queue or a clock: a workload that nobody connects to. */
export class Worker extends Construct {
  /** Name of the Deployment. */
  public readonly name: string;

  /** Whom its pods may talk to. */
  public readonly access: NetworkAccess;

  public constructor(scope: Construct, id: string, props: WorkerProps) {
    super(scope, id);
    this.name = props.name;
    const exec = props.started && { command: [...props.started] };
    this.access = new Workload(this, 'Workload', {
      ...props,
      component: 'worker',
      container: {
        startupProbe: exec && startupProbe({ exec }, props.startupBudget ?? STARTUP_BUDGET, Duration.seconds(5)),
      },
    }).access;
  }
}
