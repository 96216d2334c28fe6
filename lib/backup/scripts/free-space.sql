-- Prints the KiB that are free where :live lies (or a new database would), the KiB that the write-ahead log may still
-- grow by before old segments are used again, as far as it lies on the same file system, and the KiB of :live.

CREATE TEMPORARY TABLE disk (line text);
SELECT format('COPY disk FROM PROGRAM %L', 'df -Pk ' || coalesce('pg_tblspc/' || nullif(dattablespace, 1663), 'base') || '/.; df -Pk pg_wal/.')
  FROM (VALUES (1)) AS once LEFT JOIN pg_database ON datname = :'live' \gexec

SELECT split_part(string_agg(free, ' ' ORDER BY place), ' ', 1),
    CASE WHEN count(DISTINCT mounted) = 1 THEN greatest(0,
      (SELECT setting::bigint * 1024 FROM pg_settings WHERE name = 'max_wal_size')
      - (SELECT sum(size) / 1024 FROM pg_ls_waldir())) ELSE 0 END::bigint,
    (SELECT pg_database_size(oid) / 1024 FROM pg_database WHERE datname = :'live')
  FROM (
    SELECT row_number() OVER () AS place, part[1] AS free, part[2] AS mounted
      FROM disk, regexp_match(line, '^.*?[0-9]+ +[0-9]+ +([0-9]+) +[0-9]+% +(.*)$') AS part WHERE part IS NOT NULL) AS volumes;
