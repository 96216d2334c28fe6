import { join } from 'node:path';
import type { Context, Figures, Scenario } from '../context';
import { FIRST_PASSWORD, school, writeSchoolSecrets } from '../deployment';
import { runPage } from '../page-commands';
import { APP, DATABASE, LAYERS, NAMESPACE } from '../school';
import { DATABASE as OWNER } from '../school-secrets';
import { expect, secondsSince } from '../waiting';

const PAGE = 'docs/database.md';
const HEADING = 'How do I change the password?';

const SECOND_PASSWORD = 'rotated "pass\\word" $1 ü';

async function run(context: Context): Promise<Figures> {
  const { repository, flux } = context;
  await writeSchoolSecrets(context, SECOND_PASSWORD);
  const commit = await repository.publish('another password');
  await flux.applied(commit, [LAYERS.secrets], 120);
  await accepts(context, FIRST_PASSWORD, true, 'until the database starts again, the old password works');

  const seconds = await restart(context);
  await accepts(context, SECOND_PASSWORD, true, 'after the restart the new password works');
  await accepts(context, FIRST_PASSWORD, false, 'after the restart the old password does not');
  await flux.applied(commit, Object.values(LAYERS), 120);
  return { 'page → database ready': `${seconds} s` };
}

async function restore(context: Context): Promise<void> {
  const { repository, flux } = context;
  await writeSchoolSecrets(context, FIRST_PASSWORD);
  await flux.applied(await repository.publish('the first password'), [LAYERS.secrets], 120);
  await restart(context);
  await school.healthy(context);
}

/** Tries a password over TCP, from the app's pod. */
async function accepts({ kubectl }: Context, password: string, expected: boolean, fact: string): Promise<void> {
  const pod = await kubectl.readyPod(NAMESPACE, APP);
  const psql = `IFS= read -r PGPASSWORD; export PGPASSWORD; exec psql -XAtqw -h "$PGHOST" -U ${OWNER.user} -d ${OWNER.name} -c 'SELECT 1'`;
  const { code, stdout, stderr } = await kubectl.exec(pod, 'app', ['bash', '-c', psql], `${password}\n`);
  const accepted = code === 0 && stdout.trim() === '1';
  const refused = code === 2 && stderr.includes('password authentication failed');
  expect(fact, expected ? accepted : refused, { code, stderr });
}

/** Lets database and app read their Secrets again. @returns seconds until the database was ready */
async function restart({ kubectl, project }: Context): Promise<number> {
  const begun = performance.now();
  await runPage(kubectl.commands, join(project, PAGE), HEADING, 180);
  await kubectl.readyPod(NAMESPACE, DATABASE);
  const seconds = secondsSince(begun);
  await kubectl.output(['rollout', 'status', `deployment/${APP}`, '-n', NAMESPACE, '--timeout=150s'], undefined, 160);
  return seconds;
}

/** The Secret is the one place where the password is changed. */
export const rotatedPassword: Scenario = {
  name: `the password is changed in the Secret: after the restarts of ${PAGE} the new one works and the old one does not`,
  platform: school,
  run,
  restore,
};
