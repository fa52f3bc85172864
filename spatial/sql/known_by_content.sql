-- Every feature of the moment by all that it says; equal ones are numbered.
SELECT key, row_number() OVER (PARTITION BY key ORDER BY fid) AS nth, fid, version, true AS here
FROM (
    SELECT fid, version, hash_record_extended(ROW({content}), 0) AS key
    FROM {table}
    WHERE scenario = 0 AND NOT removed AND upper_inf(recorded) IS TRUE AND valid @> {at}
) face
