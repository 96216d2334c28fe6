-- Gives the database :target the connection limit, grants and settings of :live.

SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', :'target', datconnlimit)
  FROM pg_database WHERE datname = :'live' \gexec

-- No list of grants means the default ones, which a new database has.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', :'target', pg_get_userbyid(datdba))
  FROM pg_database WHERE datname = :'live' AND datacl IS NOT NULL \gexec
SELECT format('GRANT %s ON DATABASE %I TO %s%s', privilege_type, :'target',
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
    CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
  FROM pg_database, aclexplode(datacl) WHERE datname = :'live' \gexec

-- The value of a list such as search_path is stored as text; in one pair of quotes it would be one element.
SELECT format('ALTER %s SET %I TO %s',
    CASE setrole WHEN 0 THEN format('DATABASE %I', :'target')
      ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), :'target') END,
    name,
    CASE WHEN lower(name) IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')
      THEN coalesce((
        SELECT string_agg(quote_literal(coalesce(replace(element[1], '""', '"'), element[2])), ', ' ORDER BY place)
          FROM regexp_matches(value, '"((?:[^"]|"")*)"|([^,[:space:]]+)', 'g') WITH ORDINALITY AS e(element, place)), '''''')
      ELSE quote_literal(value) END)
  FROM pg_database JOIN pg_db_role_setting ON setdatabase = pg_database.oid,
    unnest(setconfig) AS item,
    LATERAL (SELECT left(item, strpos(item, '=') - 1) AS name, substr(item, strpos(item, '=') + 1) AS value) AS setting
  WHERE datname = :'live' \gexec
