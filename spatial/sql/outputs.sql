-- What analyses make beside layers, as of revision 0200. The models are in spatial.models.
ALTER TABLE city.raster ADD COLUMN lineage jsonb;

CREATE TABLE city.job_file (
    job uuid NOT NULL REFERENCES city.job (id) ON DELETE CASCADE,
    key text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    title_zh text NOT NULL,
    title_en text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (job, key)
);
