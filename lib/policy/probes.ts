import { defineRule } from './define-rule';
import { isMigration } from './migrations';
import { servingContainers } from './services';

/**
 * What is behind a Service says when it is ready; what may be restarted for not answering says how long it may take to
 * start; and nothing restarts a database that is busy recovering, or ends a migration before its deadline.
 */
export const probes = defineRule('probes', (view, report) => {
  for (const pod of view.pods) {
    for (const { name, readinessProbe } of servingContainers(pod, view.services)) {
      if (readinessProbe === undefined) {
        const wayOut = 'add a readinessProbe, or it gets requests before it can answer them';
        report(pod, `container "${name}" is behind a Service and has no readinessProbe`, wayOut);
      }
    }
    for (const { name, livenessProbe, startupProbe } of pod.containers) {
      if (isMigration(pod)) {
        for (const [field, probe] of Object.entries({ livenessProbe, startupProbe })) {
          if (probe !== undefined) {
            const wrong = `container "${name}" of a migration has a ${field}`;
            report(pod, wrong, 'remove it: a migration takes as long as its deadline allows');
          }
        }
        continue;
      }
      if (livenessProbe === undefined) {
        continue;
      }
      if (pod.component === 'database') {
        const wayOut = 'remove it: recovery after a crash takes as long as it takes';
        report(pod, `container "${name}" of a database has a livenessProbe`, wayOut);
      } else if (startupProbe === undefined) {
        const wayOut = 'add a startupProbe that allows for the slowest start';
        report(pod, `container "${name}" has a livenessProbe and no startupProbe`, wayOut);
      }
    }
  }
});
