# shellcheck shell=bash
#
# What is in a database: exact rows of each table, and a fingerprint of its schema that is the same after dump and
# restore. Both are psql scripts, so that they can run in a transaction that somebody else has begun.
#
# Sourced by bash scripts. The database is the one of libpq's environment; options of psql may be added.

# row_counts [PSQL OPTION…]
# Prints one line for each table whose data pg_dump dumps, in the order of their bytes: "schema.table": N
row_counts() {
  in_one_snapshot row_counts_script | psql -XAtq --no-password --set=ON_ERROR_STOP=1 "$@"
}

# schema_fingerprint [PSQL OPTION…]
# Prints 64 hexadecimal digits.
schema_fingerprint() {
  local sum
  # Where the caller asks how it went, an error does not end a function: the hash of nothing would be a fingerprint.
  sum=$(in_one_snapshot schema_script | psql -XAtq --no-password --set=ON_ERROR_STOP=1 "$@" | sha256sum) || return
  printf '%s\n' "${sum%% *}"
}

# in_one_snapshot SCRIPT
in_one_snapshot() {
  session_settings
  printf 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;\n'
  "$1"
}

# Prints what a session sets so that nothing ends it early, nothing is hidden from it, and text looks the same on every
# server.
session_settings() {
  cat <<'SQL'
\o /dev/null
SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout',
  'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout');
\o
SET client_encoding = 'UTF8';
SET row_security = off;
SET search_path = pg_catalog;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET extra_float_digits = 1;
SET bytea_output = 'hex';
SET quote_all_identifiers = off;
SQL
}

# SQL condition on `c` of pg_class and `n` of pg_namespace: a table whose data pg_dump dumps. Partitions are the leaves;
# tables of extensions come from the extension.
DUMPED_TABLE="c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"

row_counts_script() {
  cat <<SQL
SELECT format('SELECT %L || '': '' || count(*) FROM ONLY %I.%I', to_json(n.nspname || '.' || c.relname), n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE $DUMPED_TABLE
ORDER BY (n.nspname || '.' || c.relname) COLLATE "C"
\gexec
SQL
}

# Prints a script that describes a schema, one line a thing. Left out is what a restore may change or a dump does not
# have: owners, grants, numbers of columns after others were dropped, versions of extensions, invalid indexes.
#
# Expressions lose casts, parentheses and blanks outside of quotes: a dump of CHECK (kind IN ('a', 'b')) on a varchar
# comes back with other ones.
schema_script() {
  cat <<'SQL'
WITH plain(pattern) AS (
  SELECT '(''([^'']|'''')*''|"([^"]|"")*")|::(character varying|double precision|bit varying|interval( (year|month|day|hour|minute|second))?( to (month|hour|minute|second))?|time(stamp)?(\([0-9]\))? with(out)? time zone|([[:alnum:]_$]+|"([^"]|"")*")(\.([[:alnum:]_$]+|"([^"]|"")*"))?)(\([-0-9,]+\))?(\[\])*|[()[:space:]]+'
), space AS (
  SELECT oid, nspname FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), relation AS (
  SELECT c.*, format('%I.%I', s.nspname, c.relname) AS name,
    EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) AND NOT c.relispartition AS inherits
  FROM pg_class c JOIN space s ON s.oid = c.relnamespace
  WHERE c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), thing(line) AS (
  SELECT concat_ws(' ', 'schema', quote_ident(nspname)) FROM space
  UNION ALL
  SELECT concat_ws(' ', 'extension', quote_ident(extname)) FROM pg_extension
  UNION ALL
  SELECT concat_ws(' ', 'relation', name, relkind, relpersistence, relrowsecurity, relforcerowsecurity, relreplident,
    CASE relkind WHEN 'p' THEN pg_get_partkeydef(oid) END,
    regexp_replace(pg_get_expr(relpartbound, oid), pattern, '\1', 'g'),
    (SELECT string_agg(inhparent::regclass::text, ',' ORDER BY inhparent::regclass::text COLLATE "C")
      FROM pg_inherits WHERE inhrelid = relation.oid),
    (SELECT string_agg(o, ',' ORDER BY o COLLATE "C") FROM unnest(reloptions) o),
    CASE WHEN relkind IN ('v', 'm') THEN regexp_replace(pg_get_viewdef(oid), pattern, '\1', 'g') END)
  FROM relation, plain
  UNION ALL
  -- A column that is inherited may stand elsewhere after a restore.
  SELECT concat_ws(' ', 'column', r.name, quote_ident(a.attname),
    CASE WHEN NOT r.inherits THEN row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum) END,
    format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attnotnull THEN 'not null' END, format('identity=%s generated=%s', a.attidentity, a.attgenerated),
    (SELECT 'collation=' || a.attcollation::regcollation WHERE a.attcollation <> t.typcollation),
    regexp_replace(pg_get_expr(e.adbin, e.adrelid), pattern, '\1', 'g'))
  FROM relation r CROSS JOIN plain
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
  WHERE r.relkind <> 'S'
  UNION ALL
  SELECT concat_ws(' ', 'sequence', r.name, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
    s.seqcache, s.seqcycle, (SELECT format('%s %s.%I', d.deptype, d.refobjid::regclass, a.attname)
      FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')))
  FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid
  UNION ALL
  -- Not null is told with the column. A foreign key to a partitioned table has more rows, with names of the moment.
  SELECT concat_ws(' ', 'constraint', coalesce(r.name, y.oid::regtype::text), quote_ident(k.conname),
    regexp_replace(pg_get_constraintdef(k.oid), pattern, '\1', 'g'))
  FROM pg_constraint k CROSS JOIN plain LEFT JOIN relation r ON r.oid = k.conrelid
    LEFT JOIN (pg_type y JOIN space ys ON ys.oid = y.typnamespace) ON y.oid = k.contypid
  WHERE coalesce(r.oid, y.oid) IS NOT NULL AND k.contype NOT IN ('n', 't')
    AND NOT (k.contype = 'f' AND k.conparentid <> 0)
  UNION ALL
  SELECT concat_ws(' ', 'index', r.name, quote_ident(c.relname), regexp_replace(pg_get_indexdef(i.indexrelid), pattern, '\1', 'g'))
  FROM pg_index i JOIN relation r ON r.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid CROSS JOIN plain
  WHERE i.indisready AND (i.indisvalid OR r.relkind = 'p')
  UNION ALL
  SELECT concat_ws(' ', 'trigger', r.name, t.tgenabled, regexp_replace(pg_get_triggerdef(t.oid), pattern, '\1', 'g'))
  FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid CROSS JOIN plain
  WHERE NOT t.tgisinternal AND t.tgparentid = 0
  UNION ALL
  SELECT concat_ws(' ', 'rule', r.name, u.ev_enabled, regexp_replace(pg_get_ruledef(u.oid), pattern, '\1', 'g'))
  FROM pg_rewrite u JOIN relation r ON r.oid = u.ev_class CROSS JOIN plain
  WHERE u.rulename <> '_RETURN'
  UNION ALL
  SELECT concat_ws(' ', 'policy', r.name, quote_ident(p.polname), p.polcmd, p.polpermissive,
    'using=' || regexp_replace(pg_get_expr(p.polqual, p.polrelid), pattern, '\1', 'g'),
    'check=' || regexp_replace(pg_get_expr(p.polwithcheck, p.polrelid), pattern, '\1', 'g'))
  FROM pg_policy p JOIN relation r ON r.oid = p.polrelid CROSS JOIN plain
  UNION ALL
  SELECT concat_ws(' ', 'statistics', regexp_replace(pg_get_statisticsobjdef(x.oid), pattern, '\1', 'g'))
  FROM pg_statistic_ext x JOIN relation r ON r.oid = x.stxrelid CROSS JOIN plain
  UNION ALL
  -- The body of a function is kept letter by letter, unless the server writes it anew from a parsed one.
  SELECT concat_ws(' ', 'function', p.oid::regprocedure, p.prokind, CASE
    WHEN p.prokind = 'a' THEN (SELECT concat_ws(' ', a.aggtransfn, a.aggfinalfn, a.aggcombinefn, format_type(a.aggtranstype, NULL), a.agginitval)
      FROM pg_aggregate a WHERE a.aggfnoid = p.oid)
    WHEN to_jsonb(p) ->> 'prosqlbody' IS NULL THEN pg_get_functiondef(p.oid)
    ELSE regexp_replace(pg_get_functiondef(p.oid), pattern, '\1', 'g') END)
  FROM pg_proc p JOIN space s ON s.oid = p.pronamespace CROSS JOIN plain
  WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  UNION ALL
  SELECT concat_ws(' ', 'type', t.oid::regtype, t.typtype,
    (SELECT string_agg(quote_literal(v.enumlabel), ',' ORDER BY v.enumsortorder) FROM pg_enum v WHERE v.enumtypid = t.oid),
    CASE t.typtype WHEN 'd' THEN concat_ws(' ', format_type(t.typbasetype, t.typtypmod), t.typnotnull,
      regexp_replace(t.typdefault, pattern, '\1', 'g')) END,
    (SELECT format_type(g.rngsubtype, NULL) FROM pg_range g WHERE g.rngtypid = t.oid))
  FROM pg_type t JOIN space s ON s.oid = t.typnamespace CROSS JOIN plain
  WHERE t.typtype IN ('e', 'd', 'r')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
  UNION ALL
  SELECT concat_ws(' ', 'event trigger', quote_ident(evtname), evtevent, evtenabled, evtfoid::regproc,
    (SELECT string_agg(g, ',') FROM unnest(evttags) g))
  FROM pg_event_trigger
)
SELECT line FROM thing ORDER BY line COLLATE "C";
SQL
}
