import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { backupPath, firstLine, forgetBackups, makeBackup, prepareBackups, type Sidecar } from '../backups';
import type { Context, Figures, Scenario } from '../context';
import { school } from '../deployment';
import { runJob } from '../jobs';
import { expect } from '../waiting';

const DRILL = 'school-platform-db-drill';

const TABLE = 'public."AuditLog"';

async function run(context: Context): Promise<Figures> {
  const webhook = await prepareBackups(context);
  const backup = await makeBackup(context, 'good');
  await webhook.forget();
  const whole = await runJob(context, DRILL, 'drill-whole');
  const [good, ...more] = await webhook.messages();
  const done = firstLine(good) === '[Drill] School Platform -- Completed successfully' && more.length === 0;
  expect('the drill of a whole backup is complete, and told so once', whole.complete && done, { whole, good, more });

  removeRow(context, backup);
  await webhook.forget();
  const short = await runJob(context, DRILL, 'drill-short');
  const messages = await webhook.messages();
  const [bad] = messages;
  const told = firstLine(bad) === '[Drill] School Platform -- FAILED' && messages.length === 1;
  expect('the drill of a backup without one row fails, and is told once', !short.complete && told, { short, messages });
  expect('the message names the table', bad?.includes('AuditLog') === true, bad);
  return {
    'drill → complete': `${whole.seconds} s`,
    'drill of a backup without one row → failed': `${short.seconds} s`,
    reason: bad?.split('\n').find((line) => line.startsWith('Reason: ')) ?? '',
  };
}

/** Takes the last row of a table out of the archive, and makes the sidecar agree about all but the rows. */
function removeRow(context: Context, { name, file }: Sidecar): void {
  const archive = backupPath(context, file);
  const lines = gunzipSync(readFileSync(archive)).toString('utf8').split('\n');
  const copy = lines.findIndex((line) => line.startsWith(`COPY ${TABLE} `));
  const end = lines.indexOf('\\.', copy);
  expect('the archive has rows of the table', copy >= 0 && end > copy + 1, { copy, end });
  lines.splice(end - 1, 1);
  const packed = gzipSync(lines.join('\n'));
  writeFileSync(archive, packed);
  const sha256 = createHash('sha256').update(packed).digest('hex');
  const sidecar = backupPath(context, `${name}.meta.json`);
  const text = readFileSync(sidecar, 'utf8')
    .replace(/"(bytes|plainBytes)": \d+/g, `"$1": ${packed.length}`)
    .replace(/"(sha256|plainSha256)": "\w+"/g, `"$1": "${sha256}"`);
  writeFileSync(sidecar, text);
}

/** A backup is restored once a week without anybody's doing; what is not in it is noticed. */
export const restoreDrill: Scenario = {
  name: 'the drill restores the newest backup and says so; one row less in the archive makes it fail and name the table',
  platform: school,
  run,
  restore: forgetBackups,
};
