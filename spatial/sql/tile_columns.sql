-- Stored shapes hold the layer's columns: where these become others, the shapes are made anew.
CREATE FUNCTION tiles.forget_columns() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    following text;
BEGIN
    FOREACH following IN ARRAY ARRAY['tiles_insert', 'tiles_delete', 'tiles_update'] LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS %I ON layers.%I', following, NEW.name);
    END LOOP;
    EXECUTE format('DROP TABLE IF EXISTS tiles.%I, grids.%I', NEW.name, NEW.name);
    RETURN NULL;
END $$;
CREATE TRIGGER forget_tiles_of_columns AFTER UPDATE OF columns ON city.layer FOR EACH ROW
    WHEN (jsonb_path_query_array(OLD.columns, '$[*].name')
            IS DISTINCT FROM jsonb_path_query_array(NEW.columns, '$[*].name')
          OR jsonb_path_query_array(OLD.columns, '$[*].type')
            IS DISTINCT FROM jsonb_path_query_array(NEW.columns, '$[*].type'))
    EXECUTE FUNCTION tiles.forget_columns();

-- Moments and dates are stored as text, which must not depend on who writes.
ALTER FUNCTION tiles.follow() SET timezone = 'UTC';
ALTER FUNCTION tiles.follow() SET datestyle = 'ISO';
