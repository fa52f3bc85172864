-- One change of another city: the rows that it closed are ours by feature and by start.
INSERT INTO closing
SELECT t.version FROM arrived a JOIN {table} t ON t.fid = a.fid AND t.scenario = 0
    AND upper_inf(t.recorded) IS TRUE AND lower(t.valid) IS NOT DISTINCT FROM a._start
    AND upper(t.valid) IS NOT DISTINCT FROM a._stop
WHERE a._cursor = {cursor} AND NOT a._opening;
SELECT min(a.fid) FROM arrived a
WHERE a._cursor = {cursor} AND NOT a._opening AND NOT EXISTS (
    SELECT FROM {table} t JOIN closing USING (version)
    WHERE t.fid = a.fid AND lower(t.valid) IS NOT DISTINCT FROM a._start
);
INSERT INTO opening (fid, {columns}, valid, scenario, removed, changed_by)
SELECT fid, {columns}, tstzrange(_start, _stop), 0, false, changed_by
FROM arrived WHERE _cursor = {cursor} AND _opening
