import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from '../../support/process';

// Another process, because jest's own would find the machine's kubectl: a PATH that a test sets does not reach spawn.

const BIN = resolve(__dirname, '../../../bin');

const SCRIPT = `
require('${BIN}/typescript');
const { mock } = require('node:test');
const { Kubectl } = require('${BIN}/backups/kubectl');
void (async () => {
  const kubectl = await Kubectl.withCurrentContext();
  mock.timers.enable({ apis: ['setTimeout'] });
  const answer = kubectl.run(['get', 'job', 'x']);
  mock.timers.tick(60_000);
  process.stdout.write(JSON.stringify(await answer));
})();
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-kubectl-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a kubectl that does not end is ended, so that patience has an end, too', async () => {
  // A sign-in plugin that waits for somebody who is not there; it is another process and keeps the pipes.
  const hanging = '#!/bin/sh\n[ "$1" = config ] && echo school-cluster && exit\n/bin/sleep 20\nexit 0\n';
  writeFileSync(join(folder, 'kubectl'), hanging, { mode: 0o755 });
  const { stdout, milliseconds } = await run(process.execPath, ['-e', SCRIPT], { env: { PATH: folder } });
  expect(JSON.parse(stdout)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('kubectl did not end within 60 s'),
  });
  expect(milliseconds).toBeLessThan(15_000);
});
