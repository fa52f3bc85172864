-- What a revision does, in one row, and the boxes of where: near features share one.
WITH touched AS (
    SELECT false AS opened, scenario, removed, valid, geom
    FROM {table} JOIN closing USING (version)
    UNION ALL
    SELECT true, scenario, removed, valid, geom FROM opening
), whole AS (
    SELECT nullif(greatest(ST_XMax(e) - ST_XMin(e), ST_YMax(e) - ST_YMin(e)), 0) / 16 AS size
    FROM (SELECT ST_Extent(geom) AS e FROM touched) hull
), place AS (
    SELECT ST_Extent(geom) AS box FROM touched, whole WHERE NOT ST_IsEmpty(geom)
    GROUP BY floor(ST_XMin(geom) / size), floor(ST_YMin(geom) / size)
)
SELECT count(*) FILTER (WHERE opened), count(*) FILTER (WHERE NOT opened),
       coalesce(sum(CASE WHEN opened THEN 1 ELSE -1 END)
                FILTER (WHERE scenario = 0 AND NOT removed AND upper_inf(valid)), 0)::bigint,
       min(lower(valid)) FILTER (WHERE opened),
       min(lower(valid)) FILTER (WHERE opened AND lower(valid) > {stamp}),
       min(upper(valid)) FILTER (WHERE opened AND upper(valid) > {stamp}),
       (SELECT array_agg(ARRAY[ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)]) FROM place)
FROM touched
