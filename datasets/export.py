"""A frame to a file, in the format that its name asks for."""

from pathlib import Path

import geopandas as gpd

from spatial.errors import Invalid

DRIVERS = {
    ".gpkg": "GPKG",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".fgb": "FlatGeobuf",
    ".shp": "ESRI Shapefile",
}


def export(frame: gpd.GeoDataFrame, layer: str, path: Path) -> None:
    """Write a frame; GeoJSON goes out in degrees, as its standard says.

    Raises Invalid for a suffix that names no format.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        frame.to_parquet(path)
        return
    if suffix not in DRIVERS:
        known = ", ".join([*DRIVERS, ".parquet"])
        raise Invalid(f"'{path.name}' names no format that can be written: use {known}")
    if DRIVERS[suffix] == "GeoJSON":
        frame = frame.to_crs(4326)
    frame.drop(columns="version").to_file(path, driver=DRIVERS[suffix], layer=layer)
