"""Merewether in June 2007, as seen and by TUFLOW: `python -m benchmarks.merewether DATA`.

DATA is the directory of shared data. 19.7 m³/s run through a street until nothing changes.
"""

import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely

from spatial.hydrology.flood_grid import coarse
from spatial.hydrology.flood_scene import Scene
from spatial.hydrology.shallow.placing import cell_at
from spatial.hydrology.shallow.series import Series

STEADY_S = 600.0


def main() -> dict[str, Any]:
    """The largest differences in m, on cells of 2 m and of 1 m."""
    if len(sys.argv) < 2:
        print("give the directory of shared data to measure it")
        return {}
    folder, found = Path(sys.argv[1]) / "hydrology" / "merewether", {}
    for wide in (2, 1):
        began = time.perf_counter()
        made = stages(folder, wide)
        most = made[["less observed", "less TUFLOW"]].abs().max()
        found[f"{wide} m"] = most.to_dict()
        print(f"cells of {wide} m, {time.perf_counter() - began:.0f} s:\n{made.round(3)}")
    return found


def scene(folder: Path, wide: int) -> Scene:
    """The street on cells of so many metres: raised houses, a smooth road, the inflow."""
    with (
        zipfile.ZipFile(folder / "topography1.zip") as packed,
        rasterio.MemoryFile(packed.read("topography1.asc")) as memory,
        memory.open() as data,
    ):
        fine = data.read(1, masked=True).astype(float).filled(np.nan)
        transform = data.transform @ data.transform.scale(wide)
    road = shapely.Polygon(pd.read_csv(folder / "RoadPolygon.csv", header=None).to_numpy())
    inflow = shapely.Point(382265, 6354280).buffer(10)
    layers = {
        "inflow": gpd.GeoDataFrame({"discharge": [19.7]}, geometry=[inflow]),
        "surfaces": gpd.GeoDataFrame({"manning": [0.02]}, geometry=[road]),
        "buildings": gpd.read_file(folder / "houses.geojson"),
    }
    told = {"manning": 0.04, "infiltration": 0.0, "drainage": 0.0}
    dry = Series.constant(0.0)
    return Scene(coarse(fine, wide), transform, layers, told, dry, building_mode="raise")


def stages(folder: Path, wide: int) -> pd.DataFrame:
    """Steady stages at the five points, m; raises where the balance of water does not hold."""
    street = scene(folder, wide)
    flood = street.flood()
    state = flood.start()
    flood.advance(state, STEADY_S, threads=2)
    if not state.balance.certificate(state.stored(flood.ground)).holds:
        raise AssertionError("water was lost")
    points = pd.read_csv(folder / "ObservationPoints.csv", skipinitialspace=True)
    places = [
        cell_at(shapely.Point(x, y), street.transform, flood.ground.shape)
        for x, y in points.iloc[:, :2].to_numpy()
    ]
    stage = np.array([flood.ground.z[place] + state.h[place] for place in places])
    told = {"stage": stage, "less observed": stage - points.iloc[:, 3]}
    told["less TUFLOW"] = stage - points.iloc[:, 5]
    return pd.DataFrame(told).set_index(points.iloc[:, 2].rename("point"))


if __name__ == "__main__":
    main()
