import { join } from 'node:path';
import { z } from 'zod';
import { fields, readEnvFile } from '../../lib';

const text = z.string();
const port = text.regex(/^\d{1,5}$/, 'write a port number');
const flag = z.enum(['true', 'false']);

/** Variables of honeyDue's api and worker that are no secrets, and what each must look like. */
const variables = {
  DEBUG: z.literal('false'),
  PORT: z.literal('8000'),
  TIMEZONE: text.regex(/^[A-Za-z_]+\/[A-Za-z_/]+$/, 'write an IANA time zone, e.g. America/New_York'),
  ALLOWED_HOSTS: text,
  BASE_URL: z.url('write a full URL'),
  DB_HOST: fields.hostName,
  DB_PORT: port,
  POSTGRES_USER: text,
  POSTGRES_DB: text,
  DB_SSLMODE: z.enum(['require', 'verify-full']),
  REDIS_URL: z.literal('redis://redis:6379/0'),
  EMAIL_HOST: fields.hostName,
  EMAIL_PORT: port,
  DEFAULT_FROM_EMAIL: text,
  APNS_AUTH_KEY_ID: text.regex(/^[A-Z0-9]{10}$/, 'write the ten characters of the key that Apple shows').optional(),
  APNS_TEAM_ID: text.regex(/^[A-Z0-9]{10}$/, 'write the ten characters of the team that Apple shows').optional(),
  APNS_TOPIC: text.regex(/^[A-Za-z0-9.-]+$/, "write the app's bundle id").optional(),
  APNS_USE_SANDBOX: flag.optional(),
  B2_ENDPOINT: fields.hostName.optional(),
  B2_KEY_ID: text.regex(/^[0-9a-f]{25}$/, 'write the 25 hexadecimal digits of the key id').optional(),
  B2_BUCKET_NAME: text.regex(/^[A-Za-z0-9-]{6,63}$/, 'write the name of a bucket').optional(),
};

/**
 * The variables of one environment, from `<environment>.env` beside this file.
 *
 * @throws with every problem of the file
 */
export function honeydueConfig(environment: string): Readonly<Record<string, string>> {
  return readEnvFile({
    path: join(__dirname, `${environment}.env`),
    place: `platforms/honeydue/${environment}.env`,
    variables,
    allOrNone: [
      ['APNS_AUTH_KEY_ID', 'APNS_TEAM_ID', 'APNS_TOPIC', 'APNS_USE_SANDBOX'],
      ['B2_ENDPOINT', 'B2_KEY_ID', 'B2_BUCKET_NAME'],
    ],
  });
}
