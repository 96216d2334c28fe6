import type { Container, CronJob, Metadata } from './kubernetes-objects';

/** The API server adds five characters to a generated name; a Job's name has at most 63, because pods carry it as label. */
const LONGEST_PREFIX = 58;

const MANUAL = '-manual-';

const STORE_SCRIPTS = ['store.sh', 'upload.sh'];

/** What shall be other than in the template of a CronJob. */
export interface JobChanges {
  /** Arguments of the container that does the work. @default - as in the template */
  readonly args?: readonly string[];
  /** More environment of it. @default - as in the template */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether containers that reach a store are left out. @default false */
  readonly withoutStore?: boolean;
}

/** A Job to be created. */
export interface NewJob {
  readonly apiVersion: 'batch/v1';
  readonly kind: 'Job';
  readonly metadata: Omit<Metadata, 'name'> & { readonly generateName: string; readonly ownerReferences: object[] };
  readonly spec: CronJob['spec']['jobTemplate']['spec'];
}

/**
 * A Job of a CronJob, as `kubectl create job --from` makes it: owned by the CronJob, whose history limits clean it up.
 *
 * @param container the one that does the work
 */
export function jobFromCronJob(cronJob: CronJob, container: string, changes: JobChanges = {}): NewJob {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  const { name, uid, namespace } = cronJob.metadata;
  const pod = spec.template.spec;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      // The API server makes the rest: two runs of one second are two Jobs.
      generateName: `${name.slice(0, LONGEST_PREFIX - MANUAL.length)}${MANUAL}`,
      namespace,
      labels: metadata?.labels,
      annotations: { ...metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true }],
    },
    spec: {
      ...spec,
      template: {
        ...spec.template,
        spec: {
          ...pod,
          containers: pod.containers
            .filter((each) => !(changes.withoutStore && reachesStore(each)))
            .map((each) => (each.name === container ? changed(each, changes) : each)),
        },
      },
    },
  };
}

function changed(container: Container, { args = container.args, env = {} }: JobChanges): Container {
  const kept = (container.env ?? []).filter(({ name }) => !Object.hasOwn(env, name));
  return { ...container, args, env: [...kept, ...Object.entries(env).map(([name, value]) => ({ name, value }))] };
}

function reachesStore({ command = [] }: Container): boolean {
  return command.some((word) => STORE_SCRIPTS.some((script) => word.endsWith(`/${script}`)));
}
