-- Main takes over all that a scenario says of one layer.
WITH plan AS MATERIALIZED (
    SELECT * FROM {table} WHERE scenario <> 0 AND scenario = {scenario} AND upper_inf(recorded)
), span AS (
    SELECT fid, range_agg(valid) AS _planned FROM plan GROUP BY fid
), hit AS MATERIALIZED (
    SELECT m.*, _planned FROM {table} m JOIN span USING (fid)
    WHERE m.scenario = 0 AND NOT m.removed AND upper_inf(m.recorded) IS TRUE AND m.valid && _planned
), closed AS (
    UPDATE {table} SET recorded = tstzrange(lower(recorded), {stamp})
    WHERE version IN (SELECT version FROM hit)
    RETURNING upper_inf(valid) AS ongoing
), gone AS MATERIALIZED (  -- read below, so that the old rows go before the new ones come
    SELECT count(*) AS n, count(*) FILTER (WHERE ongoing) AS ongoing FROM closed
), put AS (
    INSERT INTO {table} (fid, {columns}, valid, recorded, changed_by)
    SELECT piece.*, tstzrange({stamp}, NULL), {author}
    FROM gone, LATERAL (
        SELECT fid, {columns}, unnest(tstzmultirange(valid) - _planned) FROM hit
        UNION ALL
        SELECT fid, {columns}, valid FROM plan WHERE NOT removed
    ) piece
    RETURNING lower(valid) AS start, upper(valid) AS stop
)
SELECT gone.n, gone.ongoing, (SELECT count(*) FROM put),
       (SELECT count(*) FROM put WHERE stop IS NULL),
       (SELECT array_agg(start) FROM put), (SELECT array_agg(stop) FROM put)
FROM gone
