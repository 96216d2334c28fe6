import type { ConfigRepository } from './config-repository';
import type { Flux } from './flux';
import type { Kubectl } from './kubectl';
import type { Volumes } from './volumes';

/** Namespace of the school platform. */
export const NAMESPACE = 'school';

/** Names of the school platform's workloads. */
export const DATABASE = 'school-platform-db';
export const APP = 'school-platform';
export const BACKUP = 'school-platform-db-backup';

/** Names of the Flux Kustomizations. */
export const LAYERS = {
  base: 'school-platform-prod-base',
  secrets: 'school-platform-prod-secrets',
  database: 'school-platform-prod-database',
  backup: 'school-platform-prod-backup',
  app: 'school-platform-prod',
} as const;

/** What every scenario works with. */
export interface Context {
  /** Folder of the project. */
  readonly project: string;
  /** Folder for files of this run; removed at its end. */
  readonly workFolder: string;
  readonly kubectl: Kubectl;
  readonly flux: Flux;
  readonly repository: ConfigRepository;
  readonly volumes: Volumes;
  /** Shows a line below the running scenario. */
  readonly say: (text: string) => void;
}

/** What a scenario measured, in words: `{ 'commit → app ready': '41 s' }`. */
export type Figures = Readonly<Record<string, string>>;

/** One thing that must hold on a real cluster. */
export interface Scenario {
  /** A sentence. */
  readonly name: string;
  /** Whether the school platform must run and be healthy before it. */
  readonly needsPlatform: boolean;
  run(context: Context): Promise<Figures>;
  /** Puts right what `run` changed, however that ended, so that the next one finds a healthy platform. @default - nothing */
  restore?(context: Context): Promise<void>;
}
