-- From the moment on the changed say what was staged, to the end of the state that held then; the
-- vanished end; the new begin, until what the books already say of them later.
INSERT INTO closing SELECT version FROM matching WHERE fate IN ('changed', 'removed');
INSERT INTO opening (fid, {columns}, valid, scenario, removed, changed_by)
SELECT fid, {columns}, tstzrange(lower(valid), {at}), 0, false, changed_by
FROM {table} WHERE version IN (SELECT version FROM closing)
    AND (lower_inf(valid) OR lower(valid) < {at});
INSERT INTO opening (fid, {columns}, valid, scenario, removed)
SELECT matching.fid, {staged},
       tstzrange({at}, CASE matching.fate WHEN 'changed' THEN upper(held.valid) ELSE later.start END),
       0, false
FROM matching JOIN staged ON staged._row = matching.row
LEFT JOIN {table} held ON held.version = matching.version
LEFT JOIN (
    SELECT fid, min(lower(valid)) AS start FROM {table}
    WHERE scenario = 0 AND NOT removed AND upper_inf(recorded) IS TRUE AND lower(valid) > {at}
    GROUP BY fid
) later ON later.fid = matching.fid
WHERE matching.fate IN ('added', 'changed')
