import type { Context, Figures, Scenario } from '../context';
import { school } from '../deployment';
import { APP, NAMESPACE } from '../school';
import { expect } from '../waiting';

/** What the app does with its volumes, and how each must end. */
const ATTEMPTS: readonly { readonly what: string; readonly script: string; readonly allowed: boolean }[] = [
  {
    what: 'make an evidence file',
    script: 'mkdir -p /app/evidence/e2e && echo x >/app/evidence/e2e/file',
    allowed: true,
  },
  { what: 'write a backup', script: 'echo x >/backups/e2e-by-the-app', allowed: true },
  { what: 'list the backups', script: 'ls /backups', allowed: true },
  { what: "list the database's directory", script: 'ls /app/evidence/db', allowed: false },
  { what: "read the database's files", script: 'cat /app/evidence/db/postgres/PG_VERSION', allowed: false },
  { what: "move the database's directory away", script: 'mv /app/evidence/db /app/evidence/e2e/', allowed: false },
  { what: 'write outside its volumes', script: 'echo x >/app/file', allowed: false },
];

async function run({ kubectl, volumes }: Context): Promise<Figures> {
  const pod = await kubectl.readyPod(NAMESPACE, APP);
  const wrong: string[] = [];
  for (const { what, script, allowed } of ATTEMPTS) {
    const { code, stderr } = await kubectl.exec(pod, 'app', ['bash', '-c', script]);
    const refused = code !== 0 && /Permission denied|not permitted|Read-only file system/.test(stderr);
    if (allowed ? code !== 0 : !refused) {
      wrong.push(`${what}: ${code} ${stderr.trim()}`);
    }
  }
  expect('the app may do what it needs and nothing else', wrong.length === 0, wrong);
  const owner = (await volumes.run('stat -c %g /school/backups/e2e-by-the-app')).trim();
  expect('what the app writes among the backups belongs to their group', owner === '999', owner);
  return { attempts: String(ATTEMPTS.length) };
}

async function restore({ volumes }: Context): Promise<void> {
  await volumes.run('rm -rf /school/e2e /school/backups/e2e-by-the-app');
}

/** One share holds the evidence files, the backups and the database; owners and modes keep them apart. */
export const sharedDirectories: Scenario = {
  name: 'with the modes of docs/file-server.md the app writes evidence and backups and cannot touch the database files',
  platform: school,
  run,
  restore,
};
