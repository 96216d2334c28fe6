SELECT name, position
FROM listed
WHERE NOT EXISTS (SELECT FROM :table WHERE migration = name)
