-- Run by psql; prints the migrations that the image brings and the database lacks, one a line.
\set listed `cat "$STATE_DIR/listed"`
\set missing `cat "$SCRIPT_DIR/missing.sql"`
\set table `printf %s "$MIGRATION_TABLE"`
-- psql takes what a program printed before it failed or was killed: of half a list, nothing may be missing.
SELECT count(*) = :'listed_lines'::bigint AS complete
FROM pg_catalog.unnest(pg_catalog.string_to_array(:'listed', E'\n')) AS name
WHERE name <> '' \gset
\if :complete
\else
DO $$ BEGIN RAISE 'the list of migrations could not be read to its end'; END $$;
\endif
SELECT pg_catalog.to_regclass(:'table') IS NOT NULL AS exists \gset
\if :exists
\else
\set missing 'SELECT name, position FROM listed'
\endif
WITH listed AS (
  SELECT name, position
  FROM pg_catalog.unnest(pg_catalog.string_to_array(:'listed', E'\n')) WITH ORDINALITY AS lines (name, position)
  WHERE name <> ''
)
SELECT name FROM (:missing) AS missing ORDER BY position;
