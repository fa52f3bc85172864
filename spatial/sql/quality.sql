-- How good the rows of a layer are, in one row: each check's number and some features.
WITH layer AS NOT MATERIALIZED ({rows}), checked AS (
    SELECT count(*) AS features, {filled} AS filled, {judged}
    FROM (
        SELECT *, geom IS NULL AS _missing, ST_IsEmpty(geom) AS _empty,
               NOT ST_IsValid(geom) AS _invalid,
               NOT geom @ {area} AND NOT ST_IsEmpty(geom) AS _outside
        FROM layer OFFSET 0  -- so that each is computed once
    ) row
), repeated AS (
    SELECT coalesce(sum(times), 0)::bigint, (array_agg(fid))[1:{examples}]
    FROM (
        SELECT min(fid) AS fid, count(*) AS times FROM layer WHERE geom IS NOT NULL
        GROUP BY hash_record_extended(ROW(geom::bytea), 0) HAVING count(*) > 1
    ) same
), doubled AS (
    SELECT coalesce(sum(times), 0)::bigint, (array_agg(fid))[1:{examples}]
    FROM (
        SELECT min(fid) AS fid, count(*) AS times FROM layer WHERE {key} IS NOT NULL
        GROUP BY {key} HAVING count(*) > 1
    ) same
)
SELECT * FROM checked, repeated, doubled
