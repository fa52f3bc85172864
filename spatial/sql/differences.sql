-- What two readings of a layer show unlike, feature by feature.
WITH old AS ({old}), new AS ({new})
SELECT coalesce(old.fid, new.fid) AS fid, old.version AS old, new.version AS new
FROM old FULL JOIN new ON new.fid = old.fid
LEFT JOIN {table} AS before ON before.version = old.version
LEFT JOIN {table} AS later ON later.version = new.version
WHERE old.version IS NULL OR new.version IS NULL
   OR ROW({before}) IS DISTINCT FROM ROW({later})
