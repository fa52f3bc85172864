-- Among believed rows, a feature has one state at a time in a scenario. Runs under the layer's
-- lock; an exclusion constraint would cost as much as the whole load.
CREATE FUNCTION city.refuse_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    clash bigint;
BEGIN
    EXECUTE format(
        'SELECT n.fid FROM opened n JOIN %I.%I t ON t.fid = n.fid AND t.scenario = n.scenario '
        'WHERE t.version <> n.version AND upper_inf(n.recorded) AND upper_inf(t.recorded) IS TRUE '
        'AND t.valid && n.valid LIMIT 1', TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO clash;
    IF clash IS NOT NULL THEN
        RAISE EXCEPTION 'two states of feature % hold at the same time', clash
            USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NULL;
END $$
