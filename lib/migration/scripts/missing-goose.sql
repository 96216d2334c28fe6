-- A version is applied when its newest row says so: old versions of goose add a row when they take one back.
SELECT name, position
FROM listed
WHERE NOT EXISTS (
  SELECT
  FROM (SELECT DISTINCT ON (version_id) version_id, is_applied FROM :table ORDER BY version_id, id DESC) AS newest
  WHERE is_applied AND version_id = split_part(name, '_', 1)::bigint
)
