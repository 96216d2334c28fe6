/** A connection that the composition allows: an arrow on the platform's page. */
export interface Flow {
  /** Workload, or words for somebody outside such as `ingress controller`. */
  readonly from: string;
  readonly to: string;
  readonly port: number;
}
