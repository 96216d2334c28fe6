import { z } from 'zod';
import { myCluster } from '../../clusters/my-cluster';
import { defineEnvironments, fields } from '../../lib';

/** Where the school platform runs, and what differs there. */
export function schoolEnvironments() {
  return defineEnvironments({
    folder: __dirname,
    images: ['app', 'curl', 'postgres'],
    fields: {
      /** Public host name. */
      host: fields.hostName,
      /** Whether the school's calendar is fetched on a schedule. */
      calendarSync: z.boolean(),
    },
    environments: {
      prod: { cluster: myCluster, host: 'school.example.com', calendarSync: false },
    },
  });
}

/** One environment of the school platform. */
export type SchoolEnvironment = ReturnType<typeof schoolEnvironments>[number];
