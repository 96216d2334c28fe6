import type { Context } from './context';
import { ProjectCopy } from './project-copy';

const PLATFORM = 'platforms/honeydue/platform.ts';
const IMAGES = 'platforms/honeydue/images.yaml';

/** What keeps new pods from an old schema: the Job in the app's layer or in one of its own, or nothing at all. */
export type Design = 'app layer' | 'own layer' | 'no gate';

/** A release of honeyDue: its tag, and the migrations that its image brings. */
export interface Release {
  /** Commit of the api and the worker. */
  readonly tag: string;
  /** Files of `/app/migrations`. */
  readonly migrations: Readonly<Record<string, string>>;
  /** @default - as it is committed */
  readonly design?: Design;
  /** Replicas of the api, as TypeScript. @default - as they are committed */
  readonly replicas?: string;
  /** Another line in `prod.env`. @default - none */
  readonly variable?: string;
  /** Whether the admin page and the web app are of this commit, too. @default false */
  readonly pages?: boolean;
}

/** A migration in goose's form. */
export function migration(sql: string): string {
  return `-- +goose Up\n${sql}\n-- +goose Down\nSELECT 1;\n`;
}

/** The migrations of the first release. */
export const FIRST_MIGRATIONS = {
  '00001_residences.sql': migration('CREATE TABLE residences (id bigint PRIMARY KEY, name text NOT NULL);'),
  '00002_tasks.sql': migration(
    'CREATE TABLE tasks (id bigint PRIMARY KEY, residence_id bigint NOT NULL REFERENCES residences, title text NOT NULL);',
  ),
} as const;

export const FIRST_RELEASE: Release = { tag: tagOf(1), migrations: FIRST_MIGRATIONS, pages: true };

/** The tag of the n-th release: as long as a commit's hash. */
export function tagOf(n: number): string {
  return `${n}`.padStart(40, '0');
}

/** Makes the images of releases and writes their rendered form into the config repository. */
export class HoneydueReleases {
  readonly #copy: ProjectCopy;

  public constructor(readonly context: Context) {
    const { project, workFolder, kubectl } = context;
    this.#copy = new ProjectCopy(project, workFolder, kubectl.commands);
  }

  /** Makes the images and renders `dist` into the working tree of the config repository, without a commit. */
  public async prepare(release: Release): Promise<void> {
    const { standIns, repository } = this.context;
    const { tag, migrations, pages = false } = release;
    await standIns.make(`honeydue-${Number(tag)}`, names(['api', 'worker'], tag), {
      release: tag,
      port: 8000,
      migrations,
    });
    if (pages) {
      await standIns.make(`honeydue-pages-${Number(tag)}`, names(['admin', 'web'], tag), { release: tag, port: 3000 });
    }
    this.#setTags(pages ? ['api', 'worker', 'admin', 'web'] : ['api', 'worker'], tag);
    this.#writePlatform(release);
    this.#addVariable(release.variable);
    await this.#copy.synth();
    repository.write(this.#copy.dist);
  }

  /** Prepares a release and publishes it. @returns the commit */
  public async publish(release: Release): Promise<string> {
    await this.prepare(release);
    return this.context.repository.publish(`release ${release.tag}`);
  }

  #setTags(images: readonly string[], tag: string): void {
    this.#copy.edit(IMAGES, (text) => {
      const first = text.replaceAll(/(honeydue-(?:admin|web):)\S+/g, `$1${FIRST_RELEASE.tag}`);
      return images.reduce((before, name) => before.replace(new RegExp(`(honeydue-${name}:)\\S+`), `$1${tag}`), first);
    });
  }

  #writePlatform({ design, replicas }: Release): void {
    this.#copy.reset(PLATFORM);
    if (design !== undefined || replicas !== undefined) {
      this.#copy.edit(PLATFORM, (text) => withReplicas(withDesign(text, design), replicas));
    }
  }

  #addVariable(variable: string | undefined): void {
    this.#copy.reset('platforms/honeydue/prod.env');
    if (variable !== undefined) {
      const [name = ''] = variable.split('=');
      this.#copy.edit('platforms/honeydue/prod.env', (text) => text.replace(new RegExp(`^${name}=.*$`, 'm'), variable));
    }
  }
}

function names(programs: readonly string[], tag: string): string[] {
  return programs.map((name) => `gitea.example.com/admin/honeydue-${name}:${tag}`);
}

/** The text of the platform with the Job in another layer, or with neither Job nor gate. */
function withDesign(text: string, design: Design | undefined): string {
  switch (design) {
    case undefined:
      return text;
    case 'no gate':
      return text.replace(/new MigrationJob\(\w+, [\s\S]*?\n {4}\}\);\n/, '').replace('gates: [gate],', '');
    default:
      return text.replace(
        /new MigrationJob\(\w+/,
        `new MigrationJob(this.layers.${design === 'app layer' ? 'app' : 'migrate'}`,
      );
  }
}

function withReplicas(text: string, replicas: string | undefined): string {
  return replicas === undefined ? text : text.replace(/Replicas\.scaled\([^)]*\)/, replicas);
}
