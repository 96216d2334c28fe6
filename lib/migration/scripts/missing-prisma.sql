-- A row is written before a migration runs; one that failed has no finished_at, one marked as taken back is void.
SELECT
  concat(name, CASE WHEN EXISTS (
    SELECT FROM :table WHERE migration_name = name AND finished_at IS NULL AND rolled_back_at IS NULL
  ) THEN ' (failed half way)' END) AS name,
  position
FROM listed
WHERE NOT EXISTS (
  SELECT FROM :table WHERE migration_name = name AND finished_at IS NOT NULL AND rolled_back_at IS NULL
)
