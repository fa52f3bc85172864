-- How good the rows of a layer are, in one row: each check's number and some features.
WITH layer AS NOT MATERIALIZED ({rows}), checked AS (
    SELECT count(*) AS features, {filled} AS filled,
           count(*) FILTER (WHERE missing),
           (array_agg(fid) FILTER (WHERE missing))[1:{examples}],
           count(*) FILTER (WHERE empty),
           (array_agg(fid) FILTER (WHERE empty))[1:{examples}],
           count(*) FILTER (WHERE invalid),
           (array_agg(fid) FILTER (WHERE invalid))[1:{examples}],
           count(*) FILTER (WHERE outside),
           (array_agg(fid) FILTER (WHERE outside))[1:{examples}]
    FROM (
        SELECT *, geom IS NULL AS missing, ST_IsEmpty(geom) AS empty,
               NOT ST_IsValid(geom) AS invalid,
               NOT geom @ {area} AND NOT ST_IsEmpty(geom) AS outside
        FROM layer OFFSET 0  -- so that each is computed once
    ) row
), repeated AS (
    SELECT count(*), (array_agg(fid))[1:{examples}]
    FROM (
        SELECT fid, count(*) OVER (PARTITION BY hash) AS times
        FROM (
            SELECT fid, hash_record_extended(ROW(geom::bytea), 0) AS hash
            FROM layer WHERE geom IS NOT NULL
        ) hashed
    ) counted
    WHERE times > 1
)
SELECT * FROM checked, repeated
