/** What a session that migrates calls itself; `hold-lock.sh` waits for the end of those before. */
export const APPLICATION_NAME = 'migration-job';

/**
 * Settings of a session that migrates, as PostgreSQL takes them at its start. The server gives up on a lock before
 * others have queued behind it for long; it notices within seconds that a migration was killed, and within half a
 * minute that its node was lost; and the role's limit on statements, meant for the app's queries, is lifted.
 */
export const MIGRATION_OPTIONS = Object.entries({
  lock_timeout: '3s',
  statement_timeout: '0',
  client_connection_check_interval: '2s',
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
})
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');
