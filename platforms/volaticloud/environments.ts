import { z } from 'zod';
import { volaticloudProd, volaticloudStaging } from '../../clusters/volaticloud';
import { defineEnvironments, fields } from '../../lib';

/** Where VolatiCloud runs, and what differs there. */
export function volaticloudEnvironments() {
  return defineEnvironments({
    folder: __dirname,
    images: ['backend', 'dashboard', 'postgres'],
    fields: {
      /** Public host name of the dashboard, behind which the backend is reached. */
      host: fields.hostName,
      /** Identity provider that signs people in. */
      keycloak: z.strictObject({ host: fields.hostName, realm: fields.dnsLabel }),
      /** Whether the backend creates its schema itself, with ent, or a Job migrates and new pods wait for it. */
      migrates: z.enum(['at-start', 'by-job']),
      /** The managed PostgreSQL server; whole address and password are in the Secret's `dsn`. */
      database: z.strictObject({ host: fields.hostName, port: z.int().min(1).max(65_535), address: z.ipv4() }),
    },
    environments: {
      staging: {
        cluster: volaticloudStaging,
        host: 'staging.volaticloud.example.com',
        keycloak: { host: 'auth.staging.volaticloud.example.com', realm: 'volaticloud' },
        migrates: 'at-start',
        database: { host: 'db.staging.volaticloud.example.com', port: 25_060, address: '10.114.0.3' },
      },
      prod: {
        cluster: volaticloudProd,
        host: 'console.volaticloud.example.com',
        keycloak: { host: 'auth.volaticloud.example.com', realm: 'volaticloud' },
        migrates: 'at-start',
        database: { host: 'db.volaticloud.example.com', port: 25_060, address: '10.124.0.5' },
      },
    },
  });
}

/** One environment of VolatiCloud. */
export type VolaticloudEnvironment = ReturnType<typeof volaticloudEnvironments>[number];
