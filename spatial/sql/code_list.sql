-- The codes that a layer's column may hold, as of revision 0180. The model is in spatial.models.
CREATE TABLE city.code_list (
    layer_id bigint NOT NULL REFERENCES city.layer (id) ON DELETE CASCADE,
    field text NOT NULL,
    codes jsonb NOT NULL,
    PRIMARY KEY (layer_id, field)
);
