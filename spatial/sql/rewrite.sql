-- Over a period, what some versions of one feature said becomes something else, or nothing.
-- hits: the believed versions that meet the period; renewed: which of them live on, as what.
WITH hit AS MATERIALIZED (
    SELECT * FROM {table} WHERE version = ANY ({hits})
), closed AS (
    UPDATE {table} SET recorded = tstzrange(lower(recorded), {stamp})
    WHERE version = ANY ({hits}) AND upper_inf(recorded) AND lower(recorded) < {stamp}
    RETURNING version
), undone AS (  -- opened by this very transaction: nobody has seen it
    DELETE FROM {table} WHERE version = ANY ({hits}) AND lower(recorded) = {stamp}
    RETURNING version
), gone AS MATERIALIZED (  -- read below, so that the old rows go before the new ones come
    SELECT version FROM closed UNION ALL SELECT version FROM undone
), piece AS (
    SELECT fid, {columns}, unnest(tstzmultirange(valid) - tstzmultirange({period})) AS valid, removed
    FROM hit WHERE version IN (SELECT version FROM gone)
    UNION ALL
    SELECT fid, {fresh}, valid * {period}, {tombstone}
    FROM hit WHERE {renewed} AND version IN (SELECT version FROM gone)
), put AS (
    INSERT INTO {table} (fid, {columns}, valid, removed, recorded, scenario, changed_by)
    SELECT piece.*, tstzrange({stamp}, NULL), {scenario}, {author} FROM piece
    RETURNING version
)
SELECT (SELECT count(*) FROM gone), (SELECT array_agg(version) FROM put)
