-- What some changes closed and opened: the closed rows by the key that they had among the believed.
WITH log AS (
    SELECT * FROM unnest({cursors}::bigint[], {moments}::timestamptz[]) AS log (cursor, at)
)
SELECT cursor, false AS opening, fid, lower(valid) AS start, upper(valid) AS stop, changed_by,
       {columns}, NULL::bytea AS geom
FROM {table} JOIN log ON upper(recorded) = log.at
WHERE scenario = 0 AND upper_inf(recorded) IS FALSE AND {permitted}
UNION ALL
SELECT cursor, true, fid, lower(valid), upper(valid), changed_by, {columns}, geom::bytea
FROM {table} JOIN log ON lower(recorded) = log.at
WHERE scenario = 0 AND NOT removed AND {permitted}
ORDER BY cursor, opening
