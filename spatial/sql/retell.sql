-- Rows with periods of their own beside the features that they are of, and what they say anew.
-- From a feature's first period on, its rows are all that is so; where a row of it could not be
-- taken, only within the periods that were. What nobody names any more ends.
CREATE TEMPORARY TABLE known ON COMMIT DROP AS {known};
CREATE TEMPORARY TABLE told ON COMMIT DROP AS
SELECT row, valid, key, coalesce(known.fid, fresh.fid) AS fid, known.fid IS NULL AS new
FROM (SELECT _row AS row, valid, {key} AS key FROM staged) offered
LEFT JOIN known USING (key)
LEFT JOIN (
    SELECT key, nextval({sequence}) AS fid
    FROM (SELECT DISTINCT {key} AS key FROM staged) every LEFT JOIN known USING (key)
    WHERE known.fid IS NULL
) fresh USING (key);
CREATE TEMPORARY TABLE claim ON COMMIT DROP AS
SELECT fid, new, true AS named,
       CASE WHEN {spared} THEN range_agg(valid)
            WHEN bool_or(lower_inf(valid)) THEN tstzmultirange(tstzrange(NULL, NULL))
            ELSE tstzmultirange(tstzrange(min(lower(valid)), NULL)) END AS periods
FROM told GROUP BY fid, new, key
UNION ALL
SELECT fid, false, false, tstzmultirange(tstzrange({now}, NULL))
FROM known WHERE here AND NOT {spared} AND fid NOT IN (SELECT fid FROM told);
ANALYZE known, told, claim;
CREATE TEMPORARY TABLE same ON COMMIT DROP AS
SELECT told.row, held.version
FROM told JOIN claim USING (fid) JOIN staged ON staged._row = told.row
JOIN {table} held ON held.fid = told.fid
    AND held.scenario = 0 AND NOT held.removed AND upper_inf(held.recorded) IS TRUE
WHERE tstzmultirange(held.valid) * claim.periods = tstzmultirange(told.valid)
    AND NOT ({differs});
INSERT INTO closing
SELECT held.version FROM claim JOIN {table} held ON held.fid = claim.fid
    AND held.scenario = 0 AND NOT held.removed AND upper_inf(held.recorded) IS TRUE
WHERE held.valid && claim.periods AND held.version NOT IN (SELECT version FROM same);
INSERT INTO opening (fid, {columns}, valid, scenario, removed, changed_by)
SELECT held.fid, {kept}, unnest(tstzmultirange(held.valid) - claim.periods), 0, false, held.changed_by
FROM {table} held JOIN closing USING (version) JOIN claim ON claim.fid = held.fid;
INSERT INTO opening (fid, {columns}, valid, scenario, removed)
SELECT told.fid, {written}, told.valid, 0, false FROM told JOIN staged ON staged._row = told.row
WHERE told.row NOT IN (SELECT row FROM same);
CREATE TEMPORARY TABLE matching ON COMMIT DROP AS
SELECT CASE WHEN new THEN 'added' WHEN NOT named THEN 'removed'
                 WHEN fid IN (SELECT held.fid FROM {table} held JOIN closing USING (version)
                              UNION ALL SELECT fid FROM opening) THEN 'changed'
                 ELSE 'equal' END AS fate
FROM claim
