-- Allows connections to the database :live again when a swap that was cut short had forbidden them, and prints its name.

-- A swap that is still going on, its script killed, comes to its own end first.
SET lock_timeout = '90s';
SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtext('mooring swap'), pg_catalog.hashtext(:'live')) \g /dev/null

SELECT pg_catalog.format('ALTER DATABASE %I ALLOW_CONNECTIONS true', datname),
    pg_catalog.format('COMMENT ON DATABASE %I IS %L', datname,
      nullif(pg_catalog.regexp_replace(remark, E'\n?mooring: closed[^\n]*', '', 'g'), '')),
    pg_catalog.format('SELECT %L', datname)
  FROM pg_catalog.pg_database, pg_catalog.shobj_description(oid, 'pg_database') AS remark
  WHERE datname = :'live' AND NOT datallowconn AND remark ~ 'mooring: closed' \gexec
