import type { ConfigRepository } from './config-repository';
import type { Flux } from './flux';
import type { Kubectl } from './kubectl';
import type { StandIns } from './stand-ins';
import type { Volumes } from './volumes';

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
  readonly standIns: StandIns;
  /** Shows a line below the running scenario. */
  readonly say: (text: string) => void;
}

/** What a scenario measured, in words: `{ 'commit → app ready': '41 s' }`. */
export type Figures = Readonly<Record<string, string>>;

/** A platform that scenarios run on. The cluster holds one at a time. */
export interface TestedPlatform {
  readonly name: string;
  readonly namespace: string;
  /** Waits until all of it is as it should be. */
  healthy(context: Context): Promise<void>;
  /** Takes it away, data too. */
  remove(context: Context): Promise<void>;
}

/** One thing that must hold on a real cluster. */
export interface Scenario {
  /** A sentence. */
  readonly name: string;
  /** The platform that must run and be healthy before it. @default - an empty cluster, or whatever runs */
  readonly platform?: TestedPlatform;
  /** The platform that it brings up. @default - none */
  readonly deploys?: TestedPlatform;
  run(context: Context): Promise<Figures>;
  /** Puts right what `run` changed, however that ended, so that the next one finds a healthy platform. @default - nothing */
  restore?(context: Context): Promise<void>;
}
