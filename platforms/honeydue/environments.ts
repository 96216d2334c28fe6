import { z } from 'zod';
import { honeydueK3s } from '../../clusters/honeydue-k3s';
import { defineEnvironments, fields } from '../../lib';

/** Where honeyDue runs, and what differs there. */
export function honeydueEnvironments() {
  return defineEnvironments({
    folder: __dirname,
    images: ['api', 'worker', 'admin', 'web', 'postgres', 'redis', 'vmagent'],
    fields: {
      apiHost: fields.hostName,
      adminHost: fields.hostName,
      webHost: fields.hostName,
      /** Receiver of metrics (Prometheus remote write). Without one nothing is measured. */
      metricsReceiver: z.url({ protocol: /^https$/, error: 'write an https URL' }).optional(),
    },
    environments: {
      prod: {
        cluster: honeydueK3s,
        apiHost: 'api.honeydue.example.com',
        adminHost: 'admin.honeydue.example.com',
        webHost: 'honeydue.example.com',
        metricsReceiver: 'https://metrics.example.com/api/v1/write',
      },
    },
  });
}

/** One environment of honeyDue. */
export type HoneydueEnvironment = ReturnType<typeof honeydueEnvironments>[number];
