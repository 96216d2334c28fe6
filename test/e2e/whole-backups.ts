import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020';
import { backupFiles, backupPath, type Sidecar } from './backups';
import type { Context } from './context';
import { expect } from './waiting';

const SCHEMA = 'lib/backup/metadata.schema.json';

/** The folder of the backups has what these sidecars describe, as they describe it, and nothing else. */
export function expectWholeBackups(context: Context, made: readonly Sidecar[]): void {
  holdsExactly(context, made);
  for (const each of made) {
    wellFormed(context, each);
  }
}

/** Archive, roles and sidecar of each, nothing else, for the backup group only. */
function holdsExactly(context: Context, made: readonly Sidecar[]): void {
  const expected = made.flatMap(({ name }) => [`${name}.meta.json`, `${name}.roles.sql.gz`, `${name}.sql.gz`]).sort();
  const files = backupFiles(context);
  expect('the folder holds three files of each backup and nothing else', files.join() === expected.join(), files);
  const access = files.map((name) => {
    const { uid, gid, mode } = statSync(backupPath(context, name));
    return `${name} ${uid}:${gid} ${(mode & 0o7777).toString(8)}`;
  });
  const wrong = access.filter((each) => !each.endsWith(' 999:999 640'));
  expect('the files belong to the backup group and only that may read them', wrong.length === 0, wrong);
}

/** The sidecar is what the schema of the repository describes, and tells the truth about the file. */
function wellFormed(context: Context, sidecar: Sidecar): void {
  const schema = JSON.parse(readFileSync(join(context.project, SCHEMA), 'utf8')) as object;
  const validate = new Ajv2020({ validateFormats: false }).compile(schema);
  expect(`${sidecar.name}.meta.json is as ${SCHEMA} says`, validate(sidecar), validate.errors);
  const { size } = statSync(backupPath(context, sidecar.file));
  expect('the sidecar knows the size of the archive', size === sidecar.bytes, { size, sidecar });
}
