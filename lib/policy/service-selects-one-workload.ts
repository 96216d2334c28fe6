import { objectName } from '../platform/manifest';
import { defineRule } from './define-rule';

/** Kinds whose pods end: a Service must never hand them requests. */
const ENDING = new Set(['Job', 'CronJob']);

/**
 * A Service selects the pods of exactly one workload. One that also takes the pods of a Job, or of the database beside
 * the app, sends them a share of the requests.
 */
export const serviceSelectsOneWorkload = defineRule('service-selects-one-workload', ({ services }, report) => {
  for (const service of services) {
    const selector = JSON.stringify(service.spec.selector);
    const names = service.pods.map(({ manifest }) => objectName(manifest));
    if (names.length === 0) {
      report(service, `selector ${selector} selects no workload`, 'write the labels of the pods that answer');
    } else if (names.length > 1) {
      const wayOut = 'select by app.kubernetes.io/name too, so that one is left';
      report(service, `selector ${selector} selects ${names.join(' and ')}`, wayOut);
    } else if (service.pods.some(({ manifest }) => ENDING.has(manifest.kind))) {
      report(service, `selector ${selector} selects ${names[0]}, which ends`, 'select a workload that stays');
    }
  }
});
