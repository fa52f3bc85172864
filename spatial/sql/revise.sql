-- Close and open many rows at once. Statements run one after another: the old rows go before the
-- new ones come.
UPDATE {table} t SET recorded = tstzrange(lower(t.recorded), {stamp})
FROM closing WHERE t.version = closing.version AND upper_inf(t.recorded) IS TRUE
    AND lower(t.recorded) < {stamp};
INSERT INTO {table} (fid, {columns}, valid, scenario, removed, recorded, changed_by)
SELECT fid, {columns}, valid, scenario, removed, tstzrange({stamp}, NULL),
       coalesce(changed_by, {author})
FROM opening
