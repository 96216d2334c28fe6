import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Commands } from './commands';

/** Go modules of the two programs, in the versions that this was tested with. */
const MODULES = {
  sops: 'github.com/getsops/sops/v3/cmd/sops@v3.13.2',
  'age-keygen': 'filippo.io/age/cmd/age-keygen@v1.3.1',
} as const;

/** Encrypts Secrets for Flux with SOPS and one age key. */
export class Sops {
  private constructor(
    readonly commands: Commands,
    readonly program: string,
    readonly recipient: string,
    /** Content of the file that Flux needs to decrypt: the value of a `*.agekey` entry. */
    public readonly identity: string,
  ) {}

  /**
   * SOPS with a new key. The programs are looked for in PATH and in `.cache/bin`, else `go install` puts them there.
   *
   * @returns nothing where there is neither SOPS nor Go
   */
  public static async prepare(
    project: string,
    commands: Commands,
    say: (text: string) => void,
  ): Promise<Sops | undefined> {
    const sops = await program('sops', project, commands, say);
    const keygen = await program('age-keygen', project, commands, say);
    if (sops === undefined || keygen === undefined) {
      return undefined;
    }
    const folder = mkdtempSync(join(tmpdir(), 'mooring-age-'));
    try {
      const file = join(folder, 'key');
      await commands.output(keygen, ['-o', file]);
      const identity = readFileSync(file, 'utf8');
      return new Sops(commands, sops, (await commands.output(keygen, ['-y', file])).trim(), identity);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Encrypts the values of a Secret's file in place, keys and metadata stay readable. */
  public async encrypt(file: string): Promise<void> {
    const rule = ['--encrypted-regex', '^(data|stringData)$', '--age', this.recipient];
    await this.commands.output(this.program, ['encrypt', '--in-place', ...rule, file]);
  }
}

async function program(
  name: keyof typeof MODULES,
  project: string,
  commands: Commands,
  say: (text: string) => void,
): Promise<string | undefined> {
  const cache = join(project, '.cache/bin');
  const folders = [...(commands.env.PATH ?? '').split(delimiter), cache];
  const inFolders = (wanted: string) => folders.map((folder) => join(folder, wanted)).find((path) => existsSync(path));
  const found = inFolders(name);
  if (found !== undefined) {
    return found;
  }
  const go = inFolders('go');
  if (go === undefined) {
    return undefined;
  }
  say(`go install ${MODULES[name]} into .cache/bin (once; up to five minutes)`);
  await commands.with({ GOBIN: cache }).output(go, ['install', MODULES[name]], { seconds: 900 });
  return join(cache, name);
}
