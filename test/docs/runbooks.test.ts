import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithGoProgram } from '../support/go-program';
import { GOOSE, gooseFolder } from '../support/go-tools';
import { startPostgres } from '../support/postgres';
import { removeFolder, run, scratchFolder } from '../support/process';
import { Page } from './support/page';

/** The commands of a page, by the words behind `sh`. */
function commands(page: string, info: string): string[] {
  return new Page(page).blocks
    .filter((block) => block.language === 'sh' && block.info === info)
    .flatMap(({ text }) => text.trim().split('\n'));
}

test.each(['docs/honeydue.md', 'docs/volaticloud.md'])('%s asks the cluster with kubectl and flux only', (page) => {
  const all = commands(page, 'cluster');
  expect(all.length).toBeGreaterThan(5);
  expect(all.filter((command) => !/^(kubectl|flux) /.test(command))).toEqual([]);
});

test('docs/honeydue.md tells Flux to stand still before it undoes a rollout, and to go on afterwards', () => {
  const all = commands('docs/honeydue.md', 'cluster');
  const at = (start: string) => all.findIndex((command) => command.startsWith(start));
  expect(at('flux suspend kustomization honeydue-prod')).toBeLessThan(at('kubectl rollout undo'));
  expect(at('kubectl rollout undo')).toBeLessThan(at('flux resume kustomization honeydue-prod'));
});

describeWithGoProgram(GOOSE, 'goose on a database that has a schema', () => {
  test('is set up by the commands of docs/honeydue.md: it begins behind what is there', async () => {
    const server = await startPostgres();
    const folder = await scratchFolder();
    try {
      mkdirSync(join(folder, 'migrations'));
      for (const [file, table] of [
        ['20260101000000_first.sql', 'first'],
        ['20260102000000_second.sql', 'second'],
      ] as const) {
        writeFileSync(join(folder, 'migrations', file), `-- +goose Up\nCREATE TABLE ${table} (id int);\n`);
      }
      await server.query('CREATE DATABASE honeydue');
      await server.query('CREATE TABLE first (id int)', 'honeydue');
      const { PGUSER = '', PGPASSWORD = '', PGPORT = '' } = server.env;
      const env = {
        PATH: `${gooseFolder()}:${process.env.PATH}`,
        DIRECT_DATABASE_URL: `postgresql://${PGUSER}:${PGPASSWORD}@127.0.0.1:${PGPORT}/honeydue?sslmode=disable`,
      };
      const all = commands('docs/honeydue.md', 'by hand');
      expect(all).toHaveLength(2);
      const bash = (text: string) => run('bash', ['--norc', '-euc', text], { cwd: folder, env });
      expect(await bash(all.join('\n'))).toMatchObject({ code: 0 });
      expect(await bash('goose -dir migrations postgres "$DIRECT_DATABASE_URL" up')).toMatchObject({ code: 0 });
      expect(await server.query("SELECT to_regclass('second') IS NOT NULL", 'honeydue')).toEqual([['t']]);
    } finally {
      await server.stop();
      removeFolder(folder);
    }
  });
});
