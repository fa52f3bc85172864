-- Features of which the books now say something else than the change to be undone did.
SELECT u.fid FROM undoing u
LEFT JOIN LATERAL (
    SELECT range_agg(valid) AS span FROM {table} now
    WHERE now.fid = u.fid AND now.scenario = {scenario}
        AND (lower(now.recorded) = {at} OR upper_inf(now.recorded) IS TRUE)
) said ON true
LEFT JOIN LATERAL (
    SELECT range_agg(new.valid * now.valid) AS span
    FROM {table} new JOIN {table} now ON now.fid = new.fid AND now.valid && new.valid
        AND now.scenario = {scenario} AND upper_inf(now.recorded) IS TRUE
    WHERE new.fid = u.fid AND new.scenario = {scenario} AND lower(new.recorded) = {at}
        AND ROW({new}) IS NOT DISTINCT FROM ROW({now})
) agreed ON true
WHERE u._later AND NOT isempty(said.span * u._span - coalesce(agreed.span, '{{}}'))
ORDER BY u.fid
