import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/process';

/** Makes a folder with what the official curl image has, busybox' applets and curl, to be the only one in PATH. */
export async function curlImage(scratch: string): Promise<string> {
  const folder = join(scratch, 'curl-image');
  mkdirSync(folder);
  const [busybox, curl] = await Promise.all(['busybox', 'curl'].map((name) => run('which', [name])));
  const { stdout } = await run('busybox', ['--list']);
  for (const applet of stdout.split('\n').filter((name) => /^[a-z]/.test(name))) {
    symlinkSync(busybox?.stdout.trim() ?? '', join(folder, applet));
  }
  symlinkSync(curl?.stdout.trim() ?? '', join(folder, 'curl'));
  return folder;
}
