import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context, Figures, Scenario } from '../context';
import { fillDatabase, query, TABLE_CONTENTS } from '../database';
import { school } from '../deployment';
import type { KubeObject } from '../objects';
import { runPage } from '../page-commands';
import { DATABASE, NAMESPACE } from '../school';
import { expect, secondsSince } from '../waiting';

const PAGE = 'docs/lost-claim.md';

interface Claim extends KubeObject {
  readonly spec: { readonly volumeName: string };
  readonly status: { readonly phase: string };
}

/** The page's table says which volume is whose. */
async function tableIsRight({ kubectl, project }: Context): Promise<void> {
  const table = [...readFileSync(join(project, PAGE), 'utf8').matchAll(/^\| `([^`]+)` *\| `([^`]+)` *\|/gm)];
  const stated = table.map(([, claim, volume]) => `${claim} ${volume}`).sort();
  const claims = await kubectl.list<Claim>('persistentvolumeclaims', NAMESPACE);
  const real = claims.map(({ metadata, spec }) => `${metadata.name} ${spec.volumeName}`).sort();
  expect('the table of the page has every claim with its volume', stated.join() === real.join(), { stated, real });
}

/** Somebody deletes the claim while the database runs: it goes when the pod does. */
async function loseClaim(context: Context): Promise<Figures> {
  const { kubectl, project } = context;
  await tableIsRight(context);
  await fillDatabase(context);
  const before = await query(context, TABLE_CONTENTS);
  const old = await kubectl.get<Claim>('persistentvolumeclaim', DATABASE, NAMESPACE);
  await kubectl.output(['delete', 'persistentvolumeclaim', DATABASE, '-n', NAMESPACE, '--wait=false']);
  const begun = performance.now();
  await runPage(kubectl.commands, join(project, PAGE), 'A claim was deleted', 400);
  const seconds = secondsSince(begun);
  const claim = await kubectl.get<Claim>('persistentvolumeclaim', DATABASE, NAMESPACE);
  expect(
    'it is another claim, and bound',
    claim.metadata.uid !== old.metadata.uid && claim.status.phase === 'Bound',
    claim,
  );
  await sameContents(context, before);
  return { 'page → database ready': `${seconds} s` };
}

/** Somebody deletes the namespace: every claim goes, and all else with it. */
async function loseNamespace(context: Context): Promise<Figures> {
  const { kubectl, project } = context;
  await fillDatabase(context);
  const before = await query(context, TABLE_CONTENTS);
  await kubectl.remove('namespace', NAMESPACE, undefined, 240);
  const begun = performance.now();
  await runPage(kubectl.commands, join(project, PAGE), 'The namespace was deleted', 400);
  const seconds = secondsSince(begun);
  await sameContents(context, before);
  return { 'page → app ready': `${seconds} s` };
}

async function sameContents(context: Context, before: readonly string[][]): Promise<void> {
  await school.healthy(context);
  const after = await query(context, TABLE_CONTENTS);
  expect('every table has the rows it had', JSON.stringify(after) === JSON.stringify(before), { before, after });
}

/** The page brings a claim back. */
export const lostClaim: Scenario = {
  name: `the database's claim is deleted and brought back by the commands of ${PAGE}, data and all`,
  platform: school,
  run: loseClaim,
};

/** The page brings a namespace back. */
export const lostNamespace: Scenario = {
  name: `the namespace is deleted and brought back by the commands of ${PAGE}, data and all`,
  platform: school,
  run: loseNamespace,
};
