-- Compares the catalog with declared.jsonl and sets psql's variables
--   current     whether all is there and this very file was applied last
--   incomplete  whether something is missing
--   missing     what, for people
--   lacking     the part of it that running the file cannot mend: what an existing table or type lacks
--   recorded    whether the table of applied files is there
--   skip        a sed script that blanks the statements of schema.sql that would do nothing
\set declared `cat "$SCHEMA_DIR/declared.jsonl"`
-- Not to_regclass(): it may answer from this session's cache, as of before it waited for another pod.
SELECT EXISTS (
  SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = 'mooring' AND c.relname = 'schema_sync'
) AS recorded \gset
\set applied false
\if :recorded
SELECT coalesce((SELECT s.sha256 FROM mooring.schema_sync AS s WHERE s.name = :'name' ORDER BY s.id DESC LIMIT 1) = :'sha256', false) AS applied \gset
\endif

WITH declared AS (
  SELECT
    entry ->> 0 AS kind,
    entry ->> 1 AS schema,
    entry ->> 2 AS parent,
    entry ->> 3 AS name,
    (entry ->> 4)::integer AS line,
    entry ->> 5 AS statement,
    entry -> 6 AS ranges,
    position
  FROM (
    SELECT text::jsonb AS entry, position
    FROM unnest(string_to_array(:'declared', E'\n')) WITH ORDINALITY AS lines (text, position)
    WHERE text <> ''
  ) AS entries
),
checked AS (
  SELECT
    d.*,
    CASE d.kind
      WHEN 'schema' THEN EXISTS (SELECT FROM pg_namespace AS x WHERE x.nspname = d.name)
      WHEN 'extension' THEN EXISTS (SELECT FROM pg_extension AS x WHERE x.extname = d.name)
      WHEN 'table' THEN EXISTS (
        SELECT FROM pg_class AS x WHERE x.relnamespace = n.oid AND x.relname = d.name AND x.relkind IN ('r', 'p', 'f'))
      WHEN 'sequence' THEN EXISTS (
        SELECT FROM pg_class AS x WHERE x.relnamespace = n.oid AND x.relname = d.name AND x.relkind = 'S')
      WHEN 'view' THEN EXISTS (
        SELECT FROM pg_class AS x WHERE x.relnamespace = n.oid AND x.relname = d.name AND x.relkind = 'v')
      WHEN 'materialized view' THEN EXISTS (
        SELECT FROM pg_class AS x WHERE x.relnamespace = n.oid AND x.relname = d.name AND x.relkind = 'm')
      WHEN 'column' THEN EXISTS (
        SELECT FROM pg_attribute AS x
        WHERE x.attrelid = p.oid AND x.attname = d.name AND x.attnum > 0 AND NOT x.attisdropped)
      WHEN 'constraint' THEN EXISTS (SELECT FROM pg_constraint AS x WHERE x.conrelid = p.oid AND x.conname = d.name)
      WHEN 'index' THEN EXISTS (
        SELECT FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid
        WHERE x.indrelid = p.oid AND c.relname = d.name AND x.indisvalid)
      WHEN 'trigger' THEN EXISTS (SELECT FROM pg_trigger AS x WHERE x.tgrelid = p.oid AND x.tgname = d.name)
      WHEN 'type' THEN EXISTS (SELECT FROM pg_type AS x WHERE x.typnamespace = n.oid AND x.typname = d.name)
      WHEN 'label' THEN EXISTS (
        SELECT FROM pg_enum AS x JOIN pg_type AS t ON t.oid = x.enumtypid
        WHERE t.typnamespace = n.oid AND t.typname = d.parent AND x.enumlabel = d.name)
      WHEN 'function' THEN EXISTS (SELECT FROM pg_proc AS x WHERE x.pronamespace = n.oid AND x.proname = d.name)
      ELSE false
    END AS present,
    -- CREATE INDEX CONCURRENTLY leaves one behind when it breaks off, and IF NOT EXISTS then takes it for a good one.
    d.kind = 'index' AND EXISTS (
      SELECT FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid
      WHERE x.indrelid = p.oid AND c.relname = d.name AND NOT x.indisvalid) AS invalid,
    p.oid IS NOT NULL OR EXISTS (
      SELECT FROM pg_type AS t WHERE t.typnamespace = n.oid AND t.typname = d.parent) AS parent_present
  FROM declared AS d
  LEFT JOIN pg_namespace AS n ON n.nspname = d.schema
  LEFT JOIN pg_class AS p ON p.relnamespace = n.oid AND p.relname = d.parent
),
skippable AS (
  SELECT range
  FROM checked, jsonb_array_elements(ranges) AS range
  GROUP BY range
  HAVING bool_and(present)
),
told AS (
  SELECT
    position,
    statement IS NOT NULL AND parent_present AS lacking,
    concat(
      kind,
      ' ',
      CASE
        WHEN kind IN ('schema', 'extension') THEN format('%I', name)
        WHEN kind = 'label' THEN format('%L of type %I.%I', name, schema, parent)
        WHEN parent = '' THEN format('%I.%I', schema, name)
        ELSE format('%I of table %I.%I', name, schema, parent)
      END,
      format(' (schema.sql:%s) ', line),
      CASE
        WHEN invalid THEN format('is not valid, a CREATE INDEX CONCURRENTLY broke off; run by hand: REINDEX INDEX %I.%I;', schema, name)
        WHEN statement IS NULL THEN 'is not there although its statement ran; something else has its name, or the condition around it looks elsewhere'
        ELSE 'is missing; add to schema.sql: ' || statement || ';'
      END
    ) AS text
  FROM checked
  WHERE NOT present
)
SELECT
  :'applied'::boolean AND NOT EXISTS (SELECT FROM told) AS current,
  EXISTS (SELECT FROM told) AS incomplete,
  coalesce((SELECT string_agg(text, E'\n' ORDER BY position) FROM told), '') AS missing,
  coalesce((SELECT string_agg(text, E'\n' ORDER BY position) FROM told WHERE lacking), '') AS lacking,
  coalesce((SELECT string_agg(format('%s,%s s/.*//', range ->> 0, range ->> 1), E'\n') FROM skippable), '') AS skip
\gset
