-- Run by schema-sync.sh with psql; prints one word: current, applied or missing.
\o /dev/null

-- Read only, and of the catalog only: waits for no lock on a table of the app.
BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL search_path = pg_catalog;
\ir schema-sync-check.sql
COMMIT;
\if :current
\echo current
\q
\endif

BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL search_path = pg_catalog;
SET LOCAL client_min_messages = warning;
-- The role's limit is meant for the app's queries; here lock_timeout is what protects them.
SET LOCAL statement_timeout = 0;
-- A server whose client was killed shall notice while it waits for a lock (PostgreSQL 14 and later).
SELECT set_config(name, '2s', true) FROM pg_settings WHERE name = 'client_connection_check_interval';

-- One pod at a time; who comes second finds the work done.
SET LOCAL lock_timeout = :'peer_timeout';
SELECT pg_advisory_xact_lock(hashtextextended('mooring.schema_sync', 0));
\ir schema-sync-check.sql
\if :current
COMMIT;
\echo current
\q
\endif

-- Statements that would do nothing are blanked, their lines kept: ADD COLUMN IF NOT EXISTS locks out every reader even
-- when the column is there.
\o :work/skip.sed
\qecho :skip
\o :work/lacking
\qecho :lacking
\o /dev/null
\! sed -f "$WORK_DIR/skip.sed" "$SCHEMA_DIR/schema.sql" > "$WORK_DIR/partial" && mv "$WORK_DIR/partial" "$WORK_DIR/schema.sql"
SET LOCAL lock_timeout = :'lock_timeout';
SET LOCAL search_path = public;
\i :work/schema.sql

SET LOCAL search_path = pg_catalog;
\ir schema-sync-check.sql
\if :incomplete
ROLLBACK;
\o :work/missing
\qecho :missing
\o
\echo missing
\q
\endif

-- What was applied, newest last; a backup takes it along and so knows which version of the app it fits.
\if :recorded
\else
CREATE SCHEMA IF NOT EXISTS mooring;
CREATE TABLE mooring.schema_sync (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  sha256 text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE mooring.schema_sync IS 'schema files that were applied; the newest row of a name is in force';
\endif
INSERT INTO mooring.schema_sync (name, sha256) VALUES (:'name', :'sha256');
COMMIT;
\echo applied
