-- How good the rows of a layer are, in one row: each check's number and some features.
WITH seen AS MATERIALIZED (
    SELECT *, geom IS NULL AS missing, coalesce(ST_IsEmpty(geom), false) AS empty,
           coalesce(NOT ST_IsValid(geom), false) AS invalid,
           coalesce(NOT geom @ {area}, false) AND NOT ST_IsEmpty(geom) AS outside,
           count(*) OVER (PARTITION BY hash_record_extended(ROW(geom::bytea), 0)) > 1
               AND geom IS NOT NULL AS repeated
    FROM ({rows}) layer
)
SELECT count(*), {filled},
       count(*) FILTER (WHERE missing),
       (array_agg(fid) FILTER (WHERE missing))[1:{examples}],
       count(*) FILTER (WHERE empty),
       (array_agg(fid) FILTER (WHERE empty))[1:{examples}],
       count(*) FILTER (WHERE invalid),
       (array_agg(fid) FILTER (WHERE invalid))[1:{examples}],
       count(*) FILTER (WHERE outside),
       (array_agg(fid) FILTER (WHERE outside))[1:{examples}],
       count(*) FILTER (WHERE repeated),
       (array_agg(fid) FILTER (WHERE repeated))[1:{examples}]
FROM seen
