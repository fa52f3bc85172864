-- Where the stored shapes of tiles live. Their tables are made, and understood, by package tiles.
CREATE SCHEMA tiles;
CREATE SCHEMA grids;

-- A layer's table has these triggers as soon as its shapes are stored: what is to be done with the
-- rows that were opened, closed or changed stands in the trigger's own arguments.
CREATE FUNCTION tiles.follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 0 .. TG_NARGS - 1 LOOP
        EXECUTE TG_ARGV[n];
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION tiles.forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS tiles.%I, grids.%I', OLD.name, OLD.name);
    RETURN NULL;
END $$;
CREATE TRIGGER forget_tiles AFTER DELETE ON city.layer
    FOR EACH ROW EXECUTE FUNCTION tiles.forget();

-- The stored shapes are closed to whom the layer is.
CREATE FUNCTION tiles.permit(layer text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    reader text;
    room text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['citytwin_public', 'citytwin_shared', 'citytwin_restricted'] LOOP
        FOREACH room IN ARRAY ARRAY['tiles', 'grids'] LOOP
            EXECUTE format(
                CASE WHEN has_table_privilege(reader, format('layers.%I', layer), 'SELECT')
                     THEN 'GRANT SELECT ON %I.%I TO %I' ELSE 'REVOKE ALL ON %I.%I FROM %I' END,
                room, layer, reader);
        END LOOP;
    END LOOP;
END $$;
CREATE FUNCTION tiles.follow_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass(format('tiles.%I', NEW.name)) IS NOT NULL THEN
        PERFORM tiles.permit(NEW.name);
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER permit_tiles AFTER UPDATE OF access ON city.layer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tiles.follow_access();

DO $$
DECLARE
    reader text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['citytwin_public', 'citytwin_shared', 'citytwin_restricted'] LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA tiles, grids TO %I', reader);
    END LOOP;
END $$;
