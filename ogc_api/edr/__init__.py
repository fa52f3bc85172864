"""Environmental data retrieval: over rasters and the twin's readings."""
