-- Each staged row beside the feature that it is of: added, changed, removed or equal.
-- What the source names but could not give stays as it is.
CREATE TEMPORARY TABLE matching ON COMMIT DROP AS
WITH offered AS MATERIALIZED ({offered}), known AS MATERIALIZED ({known})
SELECT coalesce(known.fid, nextval({sequence})) AS fid,
       CASE WHEN known.here THEN known.version END AS version,
       offered.row,
       CASE WHEN offered.row IS NULL THEN 'removed'
            WHEN held.version IS NULL THEN 'added'
            WHEN {differs} THEN 'changed'
            ELSE 'equal' END AS fate
FROM offered FULL JOIN known USING (key, nth)
LEFT JOIN staged ON staged._row = offered.row
LEFT JOIN {table} held ON held.version = known.version AND known.here
WHERE offered.row IS NOT NULL OR (known.here AND NOT {spared})
