"""pygeoapi, fed from the catalogue: collections, tiles, processes and jobs."""
