import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Size } from 'cdk8s';
import { Cpu, type k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { ImageReference } from '../platform/image-reference';
import type { ConfigEnv } from '../pod/config-env';
import { ConfigFiles } from '../pod/config-files';
import type { ContainerProps, Resources } from '../pod/container';
import { type Mount, scratchMount } from '../pod/mount';
import { type MigrationSteps, SCRIPTS_PATH } from './migration-tool';

const SCRIPTS = join(__dirname, 'scripts');

/** Folder that the containers of a pod share: the list of the image's migrations, and the verdict on them. */
const STATE_PATH = '/mooring/state';

/** psql and a shell. */
export const CLIENT_RESOURCES: Resources = {
  cpu: Cpu.millis(10),
  memory: Size.mebibytes(32),
  memoryLimit: Size.mebibytes(128),
};

/** Properties of `migrationMounts`. */
export interface MigrationFilesProps {
  /** Name of the ConfigMap with the scripts. */
  readonly name: string;
  /** Workload that uses it. @default - the same as `name` */
  readonly workload?: string;
  readonly steps: MigrationSteps;
  /** Scripts beside the tool's own. */
  readonly scripts: readonly string[];
}

/** What every container of a migration sees: scripts, the folder that they share, and a folder to write to. */
export function migrationMounts(scope: Construct, props: MigrationFilesProps): Mount[] {
  const { name, workload, steps } = props;
  const scripts = [
    'connection-string.sh',
    'direct-host.sh',
    'list-migrations.sh',
    'migration-common.sh',
    'migration-state.sql',
    ...props.scripts,
    ...steps.scripts,
  ];
  const files = new ConfigFiles(scope, 'Scripts', {
    name,
    workload,
    files: {
      ...Object.fromEntries(scripts.map((file) => [file, readFileSync(join(SCRIPTS, file), 'utf8')])),
      'missing.sql': steps.missing,
    },
  });
  return [files.mount(SCRIPTS_PATH, 'migration-scripts'), scratchMount(STATE_PATH, { name: 'migration-state' })];
}

/** The init container that writes down which migrations the image brings; it needs no database. */
export function listMigrations(props: {
  readonly image: ImageReference;
  readonly steps: MigrationSteps;
  readonly mounts: readonly Mount[];
  readonly resources: Resources;
  readonly env: readonly k8s.EnvVar[] | undefined;
  readonly envFrom: readonly ConfigEnv[] | undefined;
}): ContainerProps {
  const { steps, ...rest } = props;
  return {
    ...rest,
    name: 'list-migrations',
    command: ['sh', `${SCRIPTS_PATH}/list-migrations.sh`, ...steps.list],
  };
}
