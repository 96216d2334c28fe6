import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { objectMeta } from '../platform/object-meta';

/** A ServiceAccount of one workload's own, whose token is mounted nowhere: what runs here does not call the API server. */
export class ServiceAccount extends Construct {
  public readonly name: string;

  public constructor(scope: Construct, id: string, props: { readonly name: string }) {
    super(scope, id);
    this.name = props.name;
    new k8s.KubeServiceAccount(this, 'Resource', {
      metadata: objectMeta(this, props.name),
      automountServiceAccountToken: false,
    });
  }
}
