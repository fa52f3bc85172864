"""Vector tiles, TileJSON and MapLibre styles of time-indexed layers."""
