import { PART_OF_LABEL } from '../../lib/platform/labels';
import { CommandFailure } from './command-failure';
import type { Kubectl } from './kubectl';
import type { CronJob } from './kubernetes-objects';
import type { RenderedCronJob } from './rendered-backups';
import { ROLES, type Role } from './role';

/** Flux puts the name of the Kustomization on all that it applies. */
const KUSTOMIZATION_LABEL = 'kustomize.toolkit.fluxcd.io/name';

/** The CronJobs that a cluster has, by what they are for. */
export type FoundCronJobs = Readonly<Partial<Record<Role, CronJob>>>;

/**
 * Finds on the cluster what `dist` has, and so makes sure that it is the environment's cluster: two environments of a
 * platform may share every name, but Flux' label tells them apart.
 *
 * @throws CommandFailure with status 3 and the context
 */
export async function findCronJobs(
  kubectl: Kubectl,
  platform: string,
  rendered: Readonly<Partial<Record<Role, RenderedCronJob>>>,
): Promise<FoundCronJobs> {
  const expected = ROLES.flatMap((role) => (rendered[role] === undefined ? [] : [{ role, ...rendered[role] }]));
  const namespace = expected[0]?.namespace;
  if (namespace === undefined) {
    throw new CommandFailure(2, `dist has no CronJob for backups of ${platform}; add a BackupCronJob and its tools`);
  }
  const items = await cronJobs(kubectl, namespace, platform);
  const found = expected.flatMap(({ role, name, kustomization }) => {
    const cronJob = items.find(({ metadata }) => metadata.name === name);
    return cronJob === undefined ? [] : [{ role, name, kustomization, cronJob }];
  });
  const foreign = found.flatMap(({ name, kustomization, cronJob }) => {
    const appliedBy = cronJob.metadata.labels?.[KUSTOMIZATION_LABEL] ?? kustomization;
    return appliedBy === kustomization
      ? []
      : [`CronJob ${name} is of the Kustomization ${appliedBy}, not ${kustomization}`];
  });
  const names = expected.map(({ name }) => name).join(', ');
  const none = `the namespace ${namespace} has none of the CronJobs ${names} with the label ${PART_OF_LABEL}=${platform}`;
  const problems = found.length === 0 ? [none] : foreign;
  if (problems.length > 0) {
    const way = 'choose its context (kubectl config use-context), and see whether Flux has applied its layers';
    throw new CommandFailure(
      3,
      `the cluster of ${kubectl.context} is not the one of this environment:\n${problems.map((each) => `  ${each}\n`).join('')}${way}`,
    );
  }
  return Object.fromEntries(found.map(({ role, cronJob }) => [role, cronJob]));
}

async function cronJobs(kubectl: Kubectl, namespace: string, platform: string): Promise<CronJob[]> {
  const selector = `${PART_OF_LABEL}=${platform}`;
  const { code, stdout, stderr } = await kubectl.run(
    ['get', 'cronjobs', '-n', namespace, '-l', selector, '-o', 'json'],
    {
      signIn: true,
    },
  );
  if (code !== 0) {
    throw new CommandFailure(
      3,
      `the cluster of ${kubectl.context} does not show the CronJobs in the namespace ${namespace}; ${stderr || 'kubectl said why'}`,
    );
  }
  return (JSON.parse(stdout) as { items: CronJob[] }).items;
}
