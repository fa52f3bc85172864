-- Every feature by its key: as it is at the moment, else as it was last.
SELECT DISTINCT ON (key, CASE WHEN key IS NULL THEN fid END) key, 1::bigint AS nth, fid, version, here
FROM (
    SELECT DISTINCT ON (fid) fid, version, {key} AS key, valid @> {at} AS here, lower(valid) AS since
    FROM {table}
    WHERE scenario = 0 AND NOT removed AND upper_inf(recorded) IS TRUE
    ORDER BY fid, here DESC, since DESC NULLS LAST
) face
ORDER BY key, CASE WHEN key IS NULL THEN fid END, here DESC, since DESC NULLS LAST
