import type { k8s } from 'cdk8s-plus-28';
import { runEnv, runFolder } from './backup-folders';
import type { Backups } from './backups';
import type { ImageMigration } from './restore-migration';
import type { ScriptContainer } from './script-containers';

/** The server of a drill, which every process of the pod may connect to and nobody else. */
const DRILL_SERVER: readonly k8s.EnvVar[] = [
  { name: 'PGHOST', value: '127.0.0.1' },
  { name: 'PGPORT', value: '5432' },
  { name: 'PGUSER', value: 'postgres' },
];
const DRILL_URL = 'postgresql://postgres@127.0.0.1:5432/postgres';

/** The container that migrates a restored database before it takes the live one's place. */
export function migrateContainer({ database }: Backups, migration: ImageMigration): ScriptContainer {
  return containerOf(migration, [...database.connection, ...(migration.env ?? [])]);
}

/** The container that migrates the copy of a drill; it is told nothing of the live database. */
export function rehearsalContainer(migration: ImageMigration): ScriptContainer {
  const { env = [], urlVariables = ['DATABASE_URL'] } = migration;
  return containerOf(migration, [
    ...DRILL_SERVER,
    ...env.filter(({ name }) => !urlVariables.includes(name)),
    ...urlVariables.map((name) => ({ name, value: DRILL_URL })),
    { name: 'WORKER', value: 'drill' },
  ]);
}

function containerOf(migration: ImageMigration, env: readonly k8s.EnvVar[]): ScriptContainer {
  const { image, uid, command, urlVariables, resources } = migration;
  return {
    name: 'migrate',
    image,
    uid,
    program: 'migrate-restored.sh',
    args: command,
    env: [
      ...env,
      ...(urlVariables === undefined ? [] : [{ name: 'URL_VARIABLES', value: urlVariables.join(' ') }]),
      ...runEnv,
    ],
    mounts: [runFolder],
    resources,
  };
}
