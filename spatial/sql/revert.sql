-- What one change did to its features, undone: over the time that it touched, what stood before it
-- stands again, and what lies outside stays. Where nobody wrote since, that is all it wrote; else
-- only where it said something new.
CREATE TEMPORARY TABLE undoing ON COMMIT DROP AS
WITH old AS MATERIALIZED (
    SELECT * FROM {table} WHERE scenario = {scenario} AND upper(recorded) = {at}
), new AS MATERIALIZED (
    SELECT * FROM {table} WHERE scenario = {scenario} AND lower(recorded) = {at}
), written AS MATERIALIZED (
    SELECT fid, range_agg(valid) AS span
    FROM (SELECT fid, valid FROM old UNION ALL SELECT fid, valid FROM new) both_
    GROUP BY fid
), later AS (
    SELECT DISTINCT fid FROM {table} t JOIN written USING (fid)
    WHERE t.scenario = {scenario} AND t.valid && written.span
        AND (lower(t.recorded) > {at} OR upper(t.recorded) > {at})
), kept AS (
    SELECT fid, range_agg(old.valid * new.valid) AS span FROM old JOIN new USING (fid)
    WHERE old.valid && new.valid AND ROW({old}) IS NOT DISTINCT FROM ROW({new})
    GROUP BY fid
)
SELECT fid, later.fid IS NOT NULL AS _later,
       CASE WHEN later.fid IS NULL THEN written.span
            ELSE written.span - coalesce(kept.span, '{{}}') END AS _span
FROM written LEFT JOIN later USING (fid) LEFT JOIN kept USING (fid);
DELETE FROM undoing WHERE isempty(_span);
CREATE UNIQUE INDEX ON undoing (fid);
ANALYZE undoing;
INSERT INTO closing
SELECT version FROM {table} t JOIN undoing USING (fid)
WHERE t.scenario = {scenario} AND upper_inf(t.recorded) IS TRUE AND t.valid && undoing._span;
INSERT INTO opening (fid, {columns}, valid, scenario, removed, changed_by)
SELECT fid, {columns}, unnest(tstzmultirange(valid) - _span), {scenario}, removed, changed_by
FROM {table} t JOIN undoing USING (fid) WHERE version IN (SELECT version FROM closing);
INSERT INTO opening (fid, {columns}, valid, scenario, removed)
SELECT fid, {columns}, unnest(tstzmultirange(valid) * _span), {scenario}, removed
FROM {table} JOIN undoing USING (fid)
WHERE scenario = {scenario} AND upper(recorded) = {at}
