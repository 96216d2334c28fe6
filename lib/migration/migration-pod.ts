import type { Construct } from 'constructs';
import { type Mount, scratchMount } from '../pod/mount';
import type { PodProps, PodUser } from '../pod/pod-template';
import { POSTGRES_UID } from '../pod/postgres-user';
import { CLIENT_RESOURCES, listMigrations, migrationMounts } from './migration-containers';
import type { MigrationJobProps } from './migration-job';
import { type MigrationSteps, SCRIPTS_PATH } from './migration-tool';
import { APPLICATION_NAME, MIGRATION_OPTIONS } from './session-options';

/** The containers of a migration, and the user that they run as. */
export function migrationPod(
  scope: Construct,
  props: MigrationJobProps,
  steps: MigrationSteps,
): Pick<PodProps, 'user' | 'initContainers' | 'containers'> {
  const { name, image, resources } = props;
  const connection = props.database.direct;
  const mounts = migrationMounts(scope, {
    name: `${name}-scripts`,
    workload: name,
    steps,
    scripts: ['hold-lock.sh', 'run-migration.sh', ...(props.backup === undefined ? [] : ['before-migration.sh'])],
  });
  const { preparing, backup } = backupContainers(scope, props, mounts);
  return {
    user: userOf(props),
    initContainers: [
      listMigrations({ image, steps, mounts, resources, env: props.env, envFrom: props.config }),
      ...preparing,
      {
        name: 'hold-lock',
        sidecar: true,
        image: props.database.clientImage,
        uid: POSTGRES_UID,
        command: ['bash', `${SCRIPTS_PATH}/hold-lock.sh`],
        env: [...connection, { name: 'MIGRATION_TABLE', value: steps.table }],
        mounts: [...mounts, scratchMount('/tmp', { name: 'lock-tmp' })],
        resources: CLIENT_RESOURCES,
      },
      ...backup,
    ],
    containers: [
      {
        name: 'migrate',
        image,
        command: ['sh', `${SCRIPTS_PATH}/run-migration.sh`, ...steps.migrate],
        env: [
          ...connection,
          ...(props.env ?? []),
          { name: 'PGOPTIONS', value: MIGRATION_OPTIONS },
          { name: 'PGAPPNAME', value: APPLICATION_NAME },
          ...Object.entries(steps.env).map(([key, value]) => ({ name: key, value })),
        ],
        envFrom: props.config,
        mounts: [...mounts, scratchMount('/tmp'), ...(props.mounts ?? [])],
        resources,
      },
    ],
  };
}

/** What a backup needs, and the backup itself: after the lock, and only when there is something to migrate. */
function backupContainers(scope: Construct, { name, backup }: MigrationJobProps, mounts: readonly Mount[]) {
  if (backup === undefined) {
    return { preparing: [], backup: [] };
  }
  const { preparing, backup: container } = backup.containers(scope, name);
  return {
    preparing,
    backup: [
      {
        ...container,
        name: 'backup',
        command: ['sh', `${SCRIPTS_PATH}/before-migration.sh`, ...(container.command ?? [])],
        mounts: [...mounts, ...(container.mounts ?? [])],
      },
    ],
  };
}

/** The image's user; in the group of the backups' files, when the pod makes one. */
function userOf({ user, backup }: MigrationJobProps): PodUser {
  if (backup === undefined) {
    return user;
  }
  const { uid, gid = uid, supplementalGroups = [] } = user;
  return { uid, gid: backup.group, fsGroup: backup.group, supplementalGroups: [gid, ...supplementalGroups] };
}
