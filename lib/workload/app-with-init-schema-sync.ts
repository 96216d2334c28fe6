import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Database } from '../database/database';
import { ConfigFiles } from '../pod/config-files';
import { scratchMount } from '../pod/mount';
import type { NetworkAccess } from '../pod/network-access';
import { POSTGRES_UID } from '../pod/postgres-user';
import type { StartGate } from '../pod/start-gate';
import type { SchemaFile } from './schema/schema-file';
import { WebApp, type WebAppProps } from './web-app';

/** The waits of `schema-sync.sh` together: server 5 min, another pod 10 min, locks 8 × 3 s with pauses. */
const SYNC_BUDGET = Duration.minutes(17);

/** Properties of `AppWithInitSchemaSync`. */
export interface AppWithInitSchemaSyncProps extends WebAppProps {
  /** Database that the app uses and whose schema is synced. */
  readonly database: Database;

  /** The schema, safe to apply at every start. */
  readonly schema: SchemaFile;
}

/** A web app whose schema is there before it starts: the first init container of its pods is `schema-sync`. */
export class AppWithInitSchemaSync extends Construct {
  /** Name of the Deployment and the Service. */
  public readonly name: string;

  /** Who may talk to the app's pods, and whom they may talk to. */
  public readonly access: NetworkAccess;

  public constructor(scope: Construct, id: string, props: AppWithInitSchemaSyncProps) {
    super(scope, id);
    const { schema, ...app } = props;
    this.name = props.name;
    this.access = new WebApp(this, 'App', {
      ...app,
      gates: [this.#schemaSync(props.name, props.database, schema), ...(props.gates ?? [])],
    }).access;
  }

  #schemaSync(name: string, database: Database, schema: SchemaFile): StartGate {
    const files = new ConfigFiles(this, 'Schema', {
      name: `${name}-schema`,
      workload: name,
      files: schema.configMapData(),
    });
    return {
      budget: SYNC_BUDGET,
      initContainers: [
        {
          name: 'schema-sync',
          image: database.clientImage,
          uid: POSTGRES_UID,
          command: ['bash', '/schema/schema-sync.sh'],
          env: [...database.connection, { name: 'SYNC_NAME', value: name }],
          mounts: [files.mount('/schema', 'schema'), scratchMount('/tmp')],
          resources: { cpu: Cpu.millis(20), memory: Size.mebibytes(64), memoryLimit: Size.mebibytes(128) },
        },
      ],
    };
  }
}
