import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gooseFolder } from '../support/go-tools';
import { ownGoProgram } from '../support/own-go-program';
import type { Commands } from './commands';

/** Folder, beside the project, with the program that makes images of the local cluster. */
const LOCAL_CLUSTER = '../shared/cluster';

const SOURCE = join(__dirname, 'stand-in');

/** Where busybox lies on the machine that makes the images. */
const BUSYBOX = '/bin/busybox';

/** What an image of a stand-in holds beside its server. */
export interface StandIn {
  /** What its server says of itself. */
  readonly release: string;
  /** Port on which it listens when its environment does not say. */
  readonly port: number;
  /** More of its environment. @default - none */
  readonly env?: Readonly<Record<string, string>>;
  /** Files of `/app/migrations` and their texts; goose is there as well then. @default - none */
  readonly migrations?: Readonly<Record<string, string>>;
}

/** Makes images for a cluster that has no registry: busybox, a small web server, and perhaps goose with migrations. */
export class StandIns {
  readonly #image: string;

  public constructor(
    project: string,
    readonly workFolder: string,
    readonly commands: Commands,
  ) {
    this.#image = join(resolve(project, LOCAL_CLUSTER), 'image');
  }

  /** Whether images can be made for this cluster. */
  public get possible(): boolean {
    return existsSync(this.#image);
  }

  /** Lets an image name be answered by an image that the cluster has, where it has such. */
  public async alias(name: string, standIn: string): Promise<void> {
    if (this.possible) {
      await this.commands.output(this.#image, ['alias', name, standIn]);
    }
  }

  /** Makes an image and lets these names stand for it. @throws where the cluster takes no images from this machine */
  public async make(id: string, names: readonly string[], standIn: StandIn): Promise<void> {
    if (!this.possible) {
      throw new Error(`images of ${names.join(', ')} are wanted, and only the cluster of ${LOCAL_CLUSTER} takes them`);
    }
    const root = join(this.workFolder, 'image');
    rmSync(root, { recursive: true, force: true });
    writeRoot(root, standIn);
    const config = join(this.workFolder, 'image.json');
    writeFileSync(config, JSON.stringify(configOf(standIn)));
    await this.commands.output(this.#image, ['make', id, root, config]);
    for (const name of names) {
      await this.alias(name, id);
    }
    rmSync(root, { recursive: true, force: true });
  }
}

function configOf({ release, port, env = {} }: StandIn): object {
  return {
    Entrypoint: ['/usr/local/bin/stand-in'],
    WorkingDir: '/',
    Env: Object.entries({ PATH: '/usr/local/bin:/usr/bin:/bin', RELEASE: release, PORT: port, ...env }).map(
      ([name, value]) => `${name}=${value}`,
    ),
  };
}

function writeRoot(root: string, { migrations }: StandIn): void {
  for (const folder of ['bin', 'usr/bin', 'usr/local/bin', 'tmp', 'etc', 'app/migrations']) {
    mkdirSync(join(root, folder), { recursive: true, mode: 0o755 });
  }
  for (const file of [BUSYBOX, ...librariesOf(BUSYBOX)]) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    cpSync(file, join(root, file), { dereference: true });
  }
  for (const applet of execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (applet !== 'busybox') {
      symlinkSync(BUSYBOX, join(root, 'usr/bin', applet));
    }
  }
  cpSync(ownGoProgram('stand-in', SOURCE), join(root, 'usr/local/bin/stand-in'));
  if (migrations !== undefined) {
    cpSync(join(gooseFolder(), 'goose'), join(root, 'usr/local/bin/goose'));
    for (const [name, text] of Object.entries(migrations)) {
      writeFileSync(join(root, 'app/migrations', name), text);
    }
  }
}

/** The shared libraries of a program and the loader that finds them; none of a static one. */
function librariesOf(program: string): string[] {
  try {
    const text = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return [...text.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  } catch {
    return [];
  }
}
