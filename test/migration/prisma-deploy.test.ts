import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { removeFolder, run, scratchFolder } from '../support/process';
import { holding } from './sessions';

const SCRIPT = join(__dirname, '../../lib/migration/scripts/prisma-deploy.sh');

/** Does with a migration what Prisma's own engine does: sends the file as one query, and reports it. */
const PRISMA = `#!/bin/sh
if [ "$2" = deploy ]; then
  psql -XAtqc "SET lock_timeout = '1ms'" -c "$(cat migrations/1_a/migration.sql)" && exit
  echo 'Migration name: 1_a'
  exit 1
fi
echo "$@"
`;

describe('a migration that meets a lock', () => {
  let server: PostgresServer;
  let folder: string;

  beforeAll(async () => {
    server = await startPostgres();
    folder = await scratchFolder();
    mkdirSync(join(folder, 'migrations/1_a'), { recursive: true });
    writeFileSync(join(folder, 'prisma'), PRISMA);
    chmodSync(join(folder, 'prisma'), 0o755);
    await server.query('CREATE TABLE busy (id int); CREATE TABLE log (id int)');
  });

  afterAll(async () => {
    await server.stop();
    removeFolder(folder);
  });

  const body = '$$ BEGIN\n  INSERT INTO log VALUES (2);\nEND; $$';

  test.each([
    ['has one transaction of its own', 'INSERT INTO log VALUES (1);', true],
    ['has a block of PL/pgSQL', `DO ${body};`, true],
    ['ends a transaction with END', 'BEGIN;\nINSERT INTO log VALUES (1);\nEND;', false],
    ['ends one with END TRANSACTION', `START TRANSACTION; DO ${body}; END TRANSACTION;`, false],
    ['ends one that it did not begin', 'INSERT INTO log VALUES (1); END;', false],
    ['begins one beside PL/pgSQL', `begin work;\nDO ${body};\nend;`, false],
  ])('and %s', async (_, before, rolledBack) => {
    await server.query('TRUNCATE log');
    writeFileSync(join(folder, 'migrations/1_a/migration.sql'), `${before}\nLOCK TABLE busy;\n`);
    const holder = await holding(server, 'postgres', 'BEGIN; LOCK TABLE busy');
    const outcome = await run('sh', [SCRIPT, 'migrations', './prisma'], {
      cwd: folder,
      env: { ...server.env, TMPDIR: folder },
    });
    await holder.release();
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toContain(rolledBack ? 'migrate resolve --rolled-back 1_a' : 'may be applied in part');
    expect(await server.query('SELECT count(*) FROM log')).toEqual([[rolledBack ? '0' : '1']]);
  });
});
