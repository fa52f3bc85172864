-- Bring main's states of a feature into a scenario, where it has no word of its own.
INSERT INTO {table} (fid, {columns}, valid, recorded, scenario, changed_by)
SELECT fid, {columns},
       unnest(tstzmultirange(valid * {period}) - coalesce((
           SELECT range_agg(own.valid) FROM {table} own
           WHERE own.fid = {fid} AND own.scenario <> 0 AND own.scenario = {scenario}
             AND upper_inf(own.recorded)), '{{}}')),
       tstzrange({stamp}, NULL), {scenario}, {author}
FROM {table}
WHERE fid = {fid} AND scenario = 0 AND NOT removed AND recorded @> {base} AND valid && {period}
RETURNING version
