-- Creates the empty database :target with owner, encoding, locale and tablespace of :live, or the server's defaults when
-- there is no such database. The columns differ between majors, so the row is read as JSON.

SELECT format('CREATE DATABASE %I TEMPLATE template0', :'target')
    || coalesce((
      SELECT format(' OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_get_userbyid(datdba),
          pg_encoding_to_char(encoding), datcollate, datctype)
          -- Its own default needs no privilege.
          || CASE spcname WHEN 'pg_default' THEN '' ELSE format(' TABLESPACE %I', spcname) END
          || CASE facts->>'datlocprovider'
            WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(facts->>'datlocale', facts->>'daticulocale'))
              || coalesce(format(' ICU_RULES %L', facts->>'daticurules'), '')
            WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', facts->>'datlocale')
            WHEN 'c' THEN ' LOCALE_PROVIDER libc'
            ELSE '' END
        FROM pg_database AS database JOIN pg_tablespace ON pg_tablespace.oid = dattablespace,
          LATERAL (SELECT to_jsonb(database) AS facts) AS row
        WHERE datname = :'live'), '') \gexec
