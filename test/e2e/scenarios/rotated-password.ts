import { DATABASE as OWNER } from '../config-repository';
import { APP, type Context, DATABASE, type Figures, LAYERS, NAMESPACE, type Scenario } from '../context';
import { FIRST_PASSWORD, healthy } from '../deployment';
import { expect, secondsSince } from '../waiting';

const SECOND_PASSWORD = 'rotated "pass\\word" $1 ü';

async function run(context: Context): Promise<Figures> {
  const { repository, flux } = context;
  try {
    await repository.writeSecrets(SECOND_PASSWORD);
    const commit = await repository.publish('another password');
    await flux.applied(commit, [LAYERS.secrets], 120);
    await accepts(context, FIRST_PASSWORD, true, 'until the database starts again, the old password works');

    const begun = performance.now();
    await restartDatabase(context);
    const seconds = secondsSince(begun);
    await accepts(context, SECOND_PASSWORD, true, 'after the restart the new password works');
    await accepts(context, FIRST_PASSWORD, false, 'after the restart the old password does not');
    await restartApp(context);
    await flux.applied(commit, Object.values(LAYERS), 120);
    return { 'delete pod → database ready': `${seconds} s` };
  } finally {
    await repository.writeSecrets(FIRST_PASSWORD);
    await flux.applied(await repository.publish('the first password'), [LAYERS.secrets], 120);
    await restartDatabase(context);
    await restartApp(context);
    await healthy(context);
  }
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

/**
 * Lets the database read its Secret again. Not `kubectl rollout restart`: its annotation is not in the repository, so
 * Flux removes it at its next look, and that is a second restart.
 */
async function restartDatabase({ kubectl }: Context): Promise<void> {
  const pod = await kubectl.readyPod(NAMESPACE, DATABASE);
  await kubectl.remove('pod', pod.metadata.name, NAMESPACE, 150);
  await kubectl.readyPod(NAMESPACE, DATABASE);
}

/** Lets the app read its Secret again, without an interruption; here a second roll-out by Flux does no harm. */
async function restartApp({ kubectl }: Context): Promise<void> {
  const target = [`deployment/${APP}`, '-n', NAMESPACE];
  await kubectl.output(['rollout', 'restart', ...target]);
  await kubectl.output(['rollout', 'status', ...target, '--timeout=150s'], undefined, 160);
}

/** The Secret is the one place where the password is changed. */
export const rotatedPassword: Scenario = {
  name: 'the password is changed in the Secret: after a restart of the database the new one works and the old one does not',
  needsPlatform: true,
  run,
};
