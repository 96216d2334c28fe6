import type { WrittenSecret } from './config-repository';
import { NAMESPACE } from './school';
import { pullSecret, secret } from './secrets';
import { Webhook } from './webhook';

/** User and database of the Secret that the test writes. */
export const DATABASE = { user: 'school', name: 'school' } as const;

/** The Secrets of the school platform's contract with this password of the database. */
export function schoolSecrets(password: string): WrittenSecret[] {
  const url = `postgresql://${DATABASE.user}:${encodeURIComponent(password)}@school-platform-db:5432/${DATABASE.name}`;
  return [
    secret(NAMESPACE, 'school-platform-db-secret', {
      POSTGRES_USER: DATABASE.user,
      POSTGRES_PASSWORD: password,
      POSTGRES_DB: DATABASE.name,
    }),
    secret(NAMESPACE, 'school-platform-app-secret', { DATABASE_URL: url, NEXTAUTH_SECRET: 'only for the test' }),
    secret(NAMESPACE, 'school-platform-backup-secret', { SLACK_WEBHOOK_URL: Webhook.URL }),
    pullSecret(NAMESPACE, 'school-platform-registry', 'registry.gitlab.example.com'),
  ];
}
