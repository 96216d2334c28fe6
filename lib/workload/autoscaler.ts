import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { objectMeta } from '../platform/object-meta';
import type { Autoscaling } from './replicas';

/** The HorizontalPodAutoscaler of a Deployment that has the same name. */
export class Autoscaler extends Construct {
  public constructor(scope: Construct, id: string, props: { readonly name: string; readonly range: Autoscaling }) {
    super(scope, id);
    const { minimum, maximum, cpuPercent = 70, memoryPercent } = props.range;
    const metrics = [utilisation('cpu', cpuPercent)];
    if (memoryPercent !== undefined) {
      metrics.push(utilisation('memory', memoryPercent));
    }
    new k8s.KubeHorizontalPodAutoscalerV2(this, 'Resource', {
      metadata: objectMeta(this, props.name),
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: props.name },
        minReplicas: minimum,
        maxReplicas: maximum,
        metrics,
      },
    });
  }
}

function utilisation(name: string, averageUtilization: number): k8s.MetricSpecV2 {
  return { type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization } } };
}
