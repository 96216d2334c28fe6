-- Renames the database :live to :outgoing and :incoming to :live, and prints for how many seconds :live refused
-- connections. When that cannot be done, connections to :live are allowed again and the last line is the reason.
-- The comment of :live moves to :incoming, and :line is added to it.

SET lock_timeout = '90s';
SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtext('mooring swap'), pg_catalog.hashtext(:'live')) \g /dev/null

SET lock_timeout = '2s';
SET statement_timeout = 0;
-- Sessions end while they are being ended, which is not worth a warning.
SET client_min_messages = error;
-- psql fills in nothing between dollar quotes.
SET mooring.live = :'live';
SET mooring.incoming = :'incoming';
SET mooring.outgoing = :'outgoing';
SET mooring.line = :'line';
SET mooring.attempts = :'attempts';

DO $swap$
DECLARE
  live name := current_setting('mooring.live');
  incoming name := current_setting('mooring.incoming');
  outgoing name := current_setting('mooring.outgoing');
  live_id oid := (SELECT oid FROM pg_database WHERE datname = live);
  incoming_id oid := (SELECT oid FROM pg_database WHERE datname = incoming);
  remark text := nullif(regexp_replace(shobj_description(coalesce(live_id, incoming_id), 'pg_database'),
    E'\n?mooring: closed[^\n]*', '', 'g'), '');
  since timestamptz;
  holders int[];
  holder int;
  problem text;
  state text;
BEGIN
  FOR attempt IN 1 .. current_setting('mooring.attempts')::int LOOP
    problem := NULL;
    since := clock_timestamp();
    IF live_id IS NOT NULL THEN
      EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS false', live);
      EXECUTE format('COMMENT ON DATABASE %I IS %L', live, concat_ws(E'\n', remark, 'mooring: closed for a swap'));
      COMMIT;
    END IF;

    LOOP
      PERFORM pg_stat_clear_snapshot();
      -- Sessions, and those on their way in: past the check for closed databases, not in pg_stat_activity yet. Workers of
      -- autovacuum have no user; RENAME ends them itself.
      holders := ARRAY(
        SELECT pid FROM pg_stat_activity WHERE datid IN (live_id, incoming_id) AND usesysid IS NOT NULL
        UNION
        SELECT pid FROM pg_locks
          WHERE locktype = 'object' AND classid = 'pg_database'::regclass AND objid IN (live_id, incoming_id)
            AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid());
      EXIT WHEN cardinality(holders) = 0 OR clock_timestamp() > since + attempt * interval '1.5 s';
      FOREACH holder IN ARRAY holders LOOP
        BEGIN
          PERFORM pg_terminate_backend(holder);
        EXCEPTION WHEN insufficient_privilege THEN
          problem := SQLERRM;
        END;
      END LOOP;
      PERFORM pg_sleep(0.01);
    END LOOP;

    IF cardinality(holders) > 0 THEN
      state := '55006';
      SELECT concat_ws(': ', 'sessions do not end', problem,
          string_agg(format('pid %s (%s) of %s', pid, application_name, usename), ', '))
        INTO problem FROM pg_stat_activity WHERE pid = ANY (holders);
    ELSE
      BEGIN
        IF live_id IS NOT NULL THEN
          EXECUTE format('ALTER DATABASE %I RENAME TO %I', live, outgoing);
        END IF;
        EXECUTE format('ALTER DATABASE %I RENAME TO %I', incoming, live);
        EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', live);
        EXECUTE format('COMMENT ON DATABASE %I IS %L', live,
          nullif(concat_ws(E'\n', remark, nullif(current_setting('mooring.line'), '')), ''));
        problem := NULL;
      EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, state = RETURNED_SQLSTATE;
      END;
    END IF;

    IF problem IS NOT NULL AND live_id IS NOT NULL THEN
      EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', live);
      EXECUTE format('COMMENT ON DATABASE %I IS %L', live, remark);
    END IF;
    COMMIT;
    EXIT WHEN problem IS NULL;
    -- In use, lock not available, deadlock: the next attempt may do better.
    EXIT WHEN state NOT IN ('55006', '55P03', '40P01');
    SET client_min_messages = warning;
    RAISE WARNING 'attempt % to swap: %', attempt, problem;
    SET client_min_messages = error;
    PERFORM pg_sleep(attempt * 0.5);
  END LOOP;

  IF problem IS NOT NULL THEN
    RAISE EXCEPTION '%', problem;
  END IF;
  PERFORM set_config('mooring.refused', round(extract(epoch FROM clock_timestamp() - since)::numeric, 2)::text, false);
END
$swap$;
SELECT current_setting('mooring.refused');
