import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { freePort } from '../support/postgres';
import { killGroup, type Running, removeFolder, scratchFolder, start, until } from '../support/process';

let scratch: string;
let backend: Server;
let caddy: Running;
let address: string;
let asked: string[];

beforeAll(async () => {
  scratch = await scratchFolder();
  asked = [];
  const [port, backendPort] = [await freePort(), await freePort()];
  backend = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('from the backend');
  }).listen(backendPort, '127.0.0.1');
  mkdirSync(join(scratch, 'srv'));
  writeFileSync(join(scratch, 'srv/index.html'), 'the dashboard');
  writeFileSync(join(scratch, 'srv/app.js'), 'a script');
  const text = readFileSync(join(__dirname, '../../platforms/volaticloud/Caddyfile'), 'utf8');
  const changed = text
    .replace(':8080 {', `http://127.0.0.1:${port} {`)
    .replace('volaticloud-backend:8080', `127.0.0.1:${backendPort}`)
    .replace('/srv', join(scratch, 'srv'));
  writeFileSync(join(scratch, 'Caddyfile'), changed);
  caddy = start('caddy', ['run', '--adapter', 'caddyfile', '--config', join(scratch, 'Caddyfile')], {
    env: { ...process.env, HOME: scratch, XDG_DATA_HOME: scratch, XDG_CONFIG_HOME: scratch },
  });
  address = `http://127.0.0.1:${port}`;
  await until('Caddy answers', async () => (await fetch(`${address}/healthz`).catch(() => undefined))?.ok === true);
}, 30_000);

afterAll(async () => {
  killGroup(caddy.process, 'SIGTERM');
  await caddy.finished;
  await new Promise((resolve) => backend.close(resolve));
  removeFolder(scratch);
});

test.each([
  ['/gateway/v1/query', 'from the backend'],
  ['/app.js', 'a script'],
  ['/', 'the dashboard'],
  ['/bots/42', 'the dashboard'],
  ['/gateway/v2', 'the dashboard'],
  ['/health', 'the dashboard'],
  ['/healthz', 'ok'],
])('%s is answered with "%s"', async (path, expected) => {
  expect(await (await fetch(address + path)).text()).toBe(expected);
});

test('the backend is asked for its own paths only, and in full', () => {
  expect(asked).toEqual(['/gateway/v1/query']);
});
