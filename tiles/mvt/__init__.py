"""Our own encoder of Mapbox vector tiles: what a statement gathers by columns, as bytes."""
