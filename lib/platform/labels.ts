/** Label that names a workload: `kubectl get pods -l app.kubernetes.io/name=api`. */
export const NAME_LABEL = 'app.kubernetes.io/name';

/** Label that names the platform an object belongs to. */
export const PART_OF_LABEL = 'app.kubernetes.io/part-of';

/** Label that says what a workload is. */
export const COMPONENT_LABEL = 'app.kubernetes.io/component';

/** What a workload is: rules and pages read it from the label. */
export type Component = 'app' | 'worker' | 'database' | 'migration' | 'backup' | 'cron' | 'cache' | 'monitoring';

/**
 * The labels that select the pods of one workload. Chosen once: a Deployment's selector is immutable, so nothing that
 * may ever change (version, environment, component) is among them.
 */
export function selectorLabels(platform: string, workload: string): Record<string, string> {
  return { [NAME_LABEL]: workload, [PART_OF_LABEL]: platform };
}
