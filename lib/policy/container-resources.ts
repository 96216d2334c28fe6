import { defineRule } from './define-rule';

/** What every container states: what the scheduler sets aside, and the memory above which the container alone dies. */
const REQUIRED = [
  ['requests', 'cpu'],
  ['requests', 'memory'],
  ['limits', 'memory'],
] as const;

/** Every container has requests and a memory limit, and what lies in memory has a size. */
export const containerResources = defineRule('container-resources', ({ pods }, report) => {
  for (const pod of pods) {
    for (const { name, resources } of pod.containers) {
      for (const [field, resource] of REQUIRED) {
        if (resources?.[field]?.[resource] === undefined) {
          report(pod, `container "${name}" has no resources.${field}.${resource}`, 'write what it needs');
        }
      }
    }
    for (const { name, emptyDir } of pod.spec.volumes ?? []) {
      if (emptyDir?.medium === 'Memory' && emptyDir.sizeLimit === undefined) {
        const wayOut = 'write emptyDir.sizeLimit and count it in the memory limit';
        report(pod, `volume "${name}" lies in memory and has no size limit`, wayOut);
      }
    }
  }
});
