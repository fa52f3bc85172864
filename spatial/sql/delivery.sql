-- What some changes closed and opened: the closed rows by the key that they had among the believed.
WITH log AS (
    SELECT * FROM unnest({cursors}::bigint[], {moments}::timestamptz[]) AS log (_cursor, _at)
)
SELECT log._cursor AS _cursor, false AS _opening, fid, lower(valid) AS _start, upper(valid) AS _stop,
       changed_by, {columns}, NULL::bytea AS geom
FROM {table} JOIN log ON upper(recorded) = log._at
WHERE scenario = 0 AND upper_inf(recorded) IS FALSE AND {permitted}
UNION ALL
SELECT log._cursor, true, fid, lower(valid), upper(valid), changed_by, {columns}, geom::bytea
FROM {table} JOIN log ON lower(recorded) = log._at
WHERE scenario = 0 AND NOT removed AND {permitted}
ORDER BY _cursor, _opening
