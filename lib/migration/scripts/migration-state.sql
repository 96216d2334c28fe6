-- Run by psql; prints the migrations that the image brings and the database lacks, one a line.
\set listed `cat "$STATE_DIR/listed"`
\set missing `cat "$SCRIPT_DIR/missing.sql"`
\set table `printf %s "$MIGRATION_TABLE"`
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
