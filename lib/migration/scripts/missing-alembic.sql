-- The table holds the newest revision of each branch only. One that the image does not know comes from a newer image,
-- and covers the image's heads; unless a branch still stands at a revision that the image knows as superseded.
SELECT name, position
FROM (SELECT split_part(name, ' ', 1) AS name, position, name LIKE '% (head)' AS is_head FROM listed) AS revisions
WHERE is_head
  AND name NOT IN (SELECT version_num FROM :table)
  AND (
    NOT EXISTS (SELECT FROM :table WHERE version_num NOT IN (SELECT split_part(l.name, ' ', 1) FROM listed AS l))
    OR EXISTS (SELECT FROM :table JOIN listed AS l ON l.name = version_num)
  )
