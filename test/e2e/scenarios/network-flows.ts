import type { Context, Figures, Scenario } from '../context';
import { school } from '../deployment';
import { type Answer, connect, startToolsPod } from '../network';
import { isReady, type KubeObject, type Pod } from '../objects';
import { APP, BACKUP, DATABASE, NAMESPACE } from '../school';
import { expect } from '../waiting';
import { CONTROLLER_NAMESPACE, controllerPod } from './controller';

/** Where CoreDNS says that it is ready. */
const READY_PORT = 8181;

interface Attempt {
  readonly what: string;
  readonly from: { readonly pod: Pod; readonly container: string };
  readonly to: { readonly pod?: Pod; readonly host?: string; readonly port: number };
  readonly expected: Answer;
}

async function run(context: Context): Promise<Figures> {
  const { kubectl } = context;
  const controller = { pod: await controllerPod(context), container: 'tools' };
  const app = { pod: await kubectl.readyPod(NAMESPACE, APP), container: 'app' };
  const database = { pod: await kubectl.readyPod(NAMESPACE, DATABASE), container: 'postgres' };
  const dns = await dnsPod(context);
  const partOf = { 'app.kubernetes.io/part-of': 'school-platform' };
  const backupLabels = { 'app.kubernetes.io/name': BACKUP, ...partOf };
  const backup = { pod: await startToolsPod(kubectl, NAMESPACE, 'like-a-backup', backupLabels), container: 'tools' };
  const drillLabels = { 'app.kubernetes.io/name': 'school-platform-db-drill', ...partOf };
  const drill = { pod: await startToolsPod(kubectl, NAMESPACE, 'like-a-drill', drillLabels), container: 'tools' };
  const stranger = { pod: await startToolsPod(kubectl, NAMESPACE, 'stranger'), container: 'tools' };
  await everyPodHasAPolicy(context);
  const attempts: Attempt[] = [
    { what: 'app → database', from: app, to: { pod: database.pod, port: 5432 }, expected: 'open' },
    { what: 'app → database by its Service', from: app, to: { host: DATABASE, port: 5432 }, expected: 'open' },
    { what: 'ingress controller → app', from: controller, to: { pod: app.pod, port: 3000 }, expected: 'open' },
    { what: 'backup → database', from: backup, to: { pod: database.pod, port: 5432 }, expected: 'open' },
    // Nobody listens there: without a policy the answer would come at once.
    { what: 'app → database, another port', from: app, to: { pod: database.pod, port: 5433 }, expected: 'dropped' },
    {
      what: 'app → pod of another namespace',
      from: app,
      to: { pod: controller.pod, port: 8080 },
      expected: 'dropped',
    },
    { what: 'app → DNS server, another port', from: app, to: { pod: dns, port: READY_PORT }, expected: 'dropped' },
    { what: 'app → stranger', from: app, to: { pod: stranger.pod, port: 8080 }, expected: 'dropped' },
    { what: 'backup → app', from: backup, to: { pod: app.pod, port: 3000 }, expected: 'dropped' },
    { what: 'drill → database', from: drill, to: { pod: database.pod, port: 5432 }, expected: 'dropped' },
    { what: 'database → app', from: database, to: { pod: app.pod, port: 3000 }, expected: 'dropped' },
    { what: 'database → DNS server', from: database, to: { pod: dns, port: 53 }, expected: 'dropped' },
    { what: 'stranger → database', from: stranger, to: { pod: database.pod, port: 5432 }, expected: 'dropped' },
    { what: 'stranger → app', from: stranger, to: { pod: app.pod, port: 3000 }, expected: 'dropped' },
    {
      what: 'ingress controller → database',
      from: controller,
      to: { pod: database.pod, port: 5432 },
      expected: 'dropped',
    },
    // The same targets from pods without a policy: what was dropped above was there.
    { what: 'controller → stranger', from: controller, to: { pod: stranger.pod, port: 8080 }, expected: 'open' },
    { what: 'stranger → controller', from: stranger, to: { pod: controller.pod, port: 8080 }, expected: 'open' },
    {
      what: 'stranger → DNS server, the same port',
      from: stranger,
      to: { pod: dns, port: READY_PORT },
      expected: 'open',
    },
  ];
  const wrong: string[] = [];
  for (const { what, from, to, expected } of attempts) {
    const answer = await connect(kubectl, from, to.host ?? to.pod?.status.podIP ?? '', to.port);
    if (answer !== expected) {
      wrong.push(`${what} is ${answer}, not ${expected}`);
    }
  }
  expect('every flow is as declared', wrong.length === 0, wrong);
  return { 'flows tried': String(attempts.length) };
}

async function restore({ kubectl }: Context): Promise<void> {
  await kubectl.remove('pod', 'like-a-backup', NAMESPACE);
  await kubectl.remove('pod', 'like-a-drill', NAMESPACE);
  await kubectl.remove('pod', 'stranger', NAMESPACE);
}

/** A pod of CoreDNS: policies that let DNS out must not let anything else out to it. */
async function dnsPod({ kubectl }: Context): Promise<Pod> {
  const pod = (await kubectl.list<Pod>('pods', 'kube-system', 'k8s-app=kube-dns')).find(isReady);
  if (pod === undefined) {
    throw new Error('no pod with the label k8s-app=kube-dns is ready in kube-system');
  }
  return pod;
}

/** Every policy of the platform selects pods by the workload's labels, so nothing of ours is left without one. */
async function everyPodHasAPolicy({ kubectl }: Context): Promise<void> {
  interface Policy extends KubeObject {
    readonly spec: { readonly podSelector: { readonly matchLabels?: Readonly<Record<string, string>> } };
  }
  const policies = await kubectl.list<Policy>('networkpolicies', NAMESPACE);
  const selected = policies.map(({ spec }) => spec.podSelector.matchLabels?.['app.kubernetes.io/name']);
  for (const workload of [APP, DATABASE, BACKUP]) {
    expect(`a NetworkPolicy selects the pods of ${workload}`, selected.includes(workload), selected);
  }
}

/** Declared flows work and others do not. */
export const networkFlows: Scenario = {
  name: `declared flows are open (app → database, ${CONTROLLER_NAMESPACE} → app, backup → database), all others dropped`,
  platform: school,
  run,
  restore,
};
