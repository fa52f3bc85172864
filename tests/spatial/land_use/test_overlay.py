"""The overlay against hand-computed squares, geopandas and real cities."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import Invalid
from spatial.land_use.overlay import How, left_part, overlay, right_only
from spatial.land_use.pieces import Pieces

HOWS = get_args(How)
WITH_RIGHT = ("union", "symmetric_difference")
Areas = dict[tuple[int, int], float]


def layer(name: str, geometry: object, crs: object = "EPSG:4528") -> gpd.GeoDataFrame:
    array = np.array(geometry, dtype=object)
    return gpd.GeoDataFrame({name: np.arange(len(array))}, geometry=array, crs=crs)


def areas(left: object, right: object, geometry: object, dust: float = 0.0) -> Areas:
    """Area by (left, right) with -1 for none, without pieces up to `dust`."""
    frame = pd.DataFrame({"left": left, "right": right, "area": shapely.area(geometry)})
    sums = frame.fillna(-1).astype({"left": int, "right": int}).groupby(["left", "right"]).area
    return {pair: area for pair, area in sums.sum().items() if area > dust}


def areas_of(pieces: Pieces, dust: float = 0.0) -> Areas:
    return areas(pieces.left, pieces.right, pieces.geometry, dust)


def whole(left: np.ndarray, right: np.ndarray, how: How) -> Pieces:
    if how not in WITH_RIGHT:
        return left_part(left, right, how)
    identity = left_part(left, right, "identity")
    alone = right_only(right, left, shared=identity.shared_by_right(len(right)))
    return (identity if how == "union" else left_part(left, right, how)) + alone


def oracle(left: np.ndarray, right: np.ndarray, how: How, dust: float = 0.0) -> Areas:
    made = gpd.overlay(layer("l", left), layer("r", right), how=how, keep_geom_type=True)
    made = made.reindex(columns=["l", "r", "geometry"])
    return areas(made.l, made.r, made.geometry.array, dust)


def assert_same(ours: Areas, theirs: Areas, dust: float) -> None:
    assert ours.keys() == theirs.keys()
    assert list(ours.values()) == pytest.approx([theirs[pair] for pair in ours], 1e-6, dust)


def tessellation(count: int, side: float, seed: int, step: float = 0.001) -> np.ndarray:
    """About `count` curved, non-convex cells over a square, corners rounded to `step`."""
    rng = np.random.default_rng(seed)
    rows = int(count**0.5)
    cell = side / rows
    centres = np.stack(np.meshgrid(np.arange(rows), np.arange(rows)), -1).reshape(-1, 2) + 0.5
    points = (centres + rng.uniform(-0.4, 0.4, centres.shape)) * cell
    square = shapely.box(0, 0, side, side)
    cells = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=square)
    cells = shapely.segmentize(shapely.intersection(shapely.get_parts(cells), square), cell / 4)
    return shapely.transform(
        cells, lambda c: np.round((c + cell / 9 * np.sin(c[:, ::-1] / cell * 2)) / step) * step
    )


def blobs(count: int, side: float, seed: int) -> np.ndarray:
    """Stars with holes and multipolygons, overlapping one another within the layer."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0, side, (count, 1, 2))
    angle = np.sort(rng.uniform(0, 2 * np.pi, (count, 9)), axis=1)
    reach = rng.uniform(0.3, 1, (count, 9)) * side / count**0.5
    star = np.stack([np.cos(angle), np.sin(angle)], -1) * reach[..., None]
    stars = shapely.make_valid(shapely.polygons(star + centre))
    holed = shapely.difference(stars, shapely.buffer(shapely.points(centre[:, 0]), side / 80))
    twins = shapely.union(holed[::7], shapely.transform(holed[::7], lambda c: c + side / 8))
    return np.concatenate([holed, twins])[shapely.get_type_id(np.concatenate([holed, twins])) != 7]


# ---- by hand --------------------------------------------------------------------------------

LEFT = shapely.box([0, 4], [0, 0], [2, 6], [2, 2])
RIGHT = shapely.box([1, 1], [1, -1], [5, 3], [3, 1])  # overlap each other in no place
BY_HAND: dict[How, Areas] = {
    "intersection": {(0, 0): 1, (0, 1): 1, (1, 0): 1},
    "difference": {(0, -1): 2, (1, -1): 3},
    "identity": {(0, 0): 1, (0, 1): 1, (1, 0): 1, (0, -1): 2, (1, -1): 3},
    "symmetric_difference": {(0, -1): 2, (1, -1): 3, (-1, 0): 6, (-1, 1): 3},
    "union": {
        (0, 0): 1,
        (0, 1): 1,
        (1, 0): 1,
        (0, -1): 2,
        (1, -1): 3,
        (-1, 0): 6,
        (-1, 1): 3,
    },
}


@pytest.mark.parametrize("how", HOWS)
def test_squares_by_hand(how: How) -> None:
    assert areas_of(whole(LEFT, RIGHT, how)) == BY_HAND[how]


def test_the_certificate_by_hand_counts_an_overlap_once() -> None:
    result = overlay(
        layer("l", [shapely.box(0, 0, 4, 1)]),
        layer("r", [shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)]),
        "identity",
    ).certificate
    assert result.balance == {"area": 4, "shared": 4, "shared more than once": 1, "alone": 1}
    assert (result.left, result.right, result.residual) == (4, 4, 0)
    assert result.holds
    assert result.relative == 0
    assert result.unit == "m²"
    assert result.to_dict()["holds"] is True


def test_neighbours_that_only_touch_share_nothing() -> None:
    left, right = shapely.box([0], [0], [1], [1]), shapely.box([1, 1], [0, 1], [2, 2], [1, 2])
    assert areas_of(whole(left, right, "identity")) == {(0, -1): 1}


def test_a_collection_keeps_its_polygon() -> None:
    comb = shapely.from_wkt("POLYGON((0 0,5 0,5 5,4 5,4 1,3 1,3 3,2 3,2 1,1 1,1 5,0 5,0 0))")
    lid = shapely.box(0, 3, 5, 6)  # shares two squares, and touches the middle tooth in a line
    kinds = {"Polygon", "MultiPolygon"}
    pieces = whole(np.array([comb]), np.array([lid]), "union")
    assert {geometry.geom_type for geometry in pieces.geometry} <= kinds
    assert areas_of(pieces) == {(0, 0): 4, (0, -1): 11, (-1, 0): 11}


def test_none_and_empty_geometries_give_no_pieces_and_are_counted() -> None:
    left = layer("l", [None, shapely.box(0, 0, 2, 2), shapely.Polygon()])
    right = layer("r", [shapely.Polygon(), shapely.box(1, 0, 3, 2), None])
    result = overlay(left, right, "union")
    assert sorted(result.frame.area) == [2, 2, 2]
    assert "4 features had no geometry" in result.certificate.notes


def test_the_invalid_is_repaired_and_heights_are_dropped_with_a_note() -> None:
    bowtie = shapely.from_wkt("POLYGON Z((0 0 1,2 2 1,2 0 1,0 2 1,0 0 1))")
    result = overlay(layer("l", [bowtie]), layer("r", [shapely.box(0, 0, 1, 2)]), "identity")
    assert list(result.frame.area) == pytest.approx([1, 1])
    assert not result.frame.has_z.any()
    assert "1 features were invalid and were repaired" in result.certificate.notes
    assert "1 features lost their heights" in result.certificate.notes


def test_empty_layers() -> None:
    none, one = layer("l", []), layer("r", [shapely.box(0, 0, 1, 1)])
    assert [len(overlay(none, one, how).frame) for how in HOWS] == [0, 0, 1, 0, 1]
    assert [len(overlay(one, none, how).frame) for how in HOWS] == [1, 0, 1, 1, 1]
    assert overlay(none, none, "union").certificate.holds


def test_a_grid_size_snaps_and_says_what_it_dropped() -> None:
    left = layer("l", [shapely.box(0, 0, 2.2, 2), shapely.box(5, 5, 5.3, 5.3)])
    result = overlay(left, layer("r", [shapely.box(0.9, 0, 9, 9)]), "identity", grid_size=1)
    assert list(result.frame.area) == [2, 2]
    assert result.certificate.moved == pytest.approx(0.4)
    assert result.certificate.dropped == pytest.approx(0.09)
    assert result.certificate.holds


@pytest.mark.parametrize(
    ("left", "right", "how"),
    [
        (layer("l", LEFT), layer("r", RIGHT), "clip"),
        (layer("l", LEFT), layer("r", RIGHT, "EPSG:4549"), "union"),
        (layer("l", LEFT), layer("r", [shapely.Point(0, 0)]), "union"),
    ],
)
def test_what_makes_no_sense_is_refused(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, how: How
) -> None:
    with pytest.raises(Invalid):
        overlay(left, right, how)


# ---- against geopandas ----------------------------------------------------------------------


@pytest.mark.parametrize("how", HOWS)
def test_frames_are_those_of_geopandas(how: How) -> None:
    left = layer("fid", LEFT).assign(name=["a", "b"]).rename_geometry("shape")
    right = layer("fid", RIGHT).assign(code=["x", "y"])
    ours = overlay(left, right, how).frame
    theirs = gpd.overlay(left, right, how=how, keep_geom_type=True)
    assert ours.crs == theirs.crs
    assert ours.geometry.name == theirs.geometry.name
    columns = [name for name in theirs.columns if name != theirs.geometry.name]
    pd.testing.assert_frame_equal(
        pd.DataFrame(ours[columns]), pd.DataFrame(theirs[columns]), check_dtype=False
    )
    assert shapely.equals(ours.geometry.array, theirs.geometry.array).all()


LAYERS: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "parcels in zones": lambda: (tessellation(900, 1000, 1), tessellation(100, 1000, 2)),
    "zones in parcels": lambda: (tessellation(100, 1000, 3), tessellation(900, 1000, 4)),
    "moved by a centimetre": lambda: (
        tessellation(300, 1000, 5),
        shapely.transform(tessellation(300, 1000, 5), lambda c: c + 0.01),
    ),
    "identical": lambda: (tessellation(300, 1000, 6), tessellation(300, 1000, 6)),
    "overlapping": lambda: (blobs(150, 1000, 7), blobs(60, 1000, 8)),
    "overlapping on zones": lambda: (blobs(150, 1000, 9), tessellation(100, 1000, 10)),
    "many in one": lambda: (tessellation(4, 1000, 11), blobs(200, 1000, 12)),
}


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", LAYERS)
def test_pieces_are_those_of_geopandas(name: str, how: How) -> None:
    left, right = LAYERS[name]()
    dust = 1e-7
    pieces = whole(left, right, how)
    assert_same(areas_of(pieces, dust), oracle(left, right, how, dust), dust)
    certificate = pieces.tally.certificate("m²")
    assert certificate.holds, certificate
    assert shapely.is_valid(pieces.geometry).all()


corner = st.integers(0, 6)
side = st.integers(1, 4)
boxes = st.lists(st.tuples(corner, corner, side, side), min_size=1, max_size=7).map(
    lambda rows: np.array([shapely.box(x, y, x + w, y + h) for x, y, w, h in rows])
)


@settings(max_examples=100, deadline=None)
@given(left=boxes, right=boxes, how=st.sampled_from(HOWS))
def test_any_boxes_overlay_as_in_geopandas(left: np.ndarray, right: np.ndarray, how: How) -> None:
    pieces = whole(left, right, how)
    assert_same(areas_of(pieces), oracle(left, right, how), 1e-12)
    certificate = pieces.tally.certificate("m²")
    assert certificate.holds
    assert certificate.left == pytest.approx(certificate.right)


# ---- partitions -----------------------------------------------------------------------------


def in_parts(left: np.ndarray, right: np.ndarray, how: How, parts: int) -> Pieces:
    """The overlay from parts, each of which sees only what meets its own bounds."""

    def near(part: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.unique(shapely.STRtree(other).query(part)[1])

    def placed(made: Pieces, rows: np.ndarray, columns: np.ndarray) -> Pieces:
        """Positions within a part as positions within the layer; -1 stays -1."""
        rows, columns = np.append(rows, -1), np.append(columns, -1)
        return Pieces(rows[made.left], columns[made.right], made.geometry, made.tally)

    made = []
    for rows in np.array_split(np.arange(len(left)), parts):
        columns = near(left[rows], right)
        made.append(placed(left_part(left[rows], right[columns], how), rows, columns))
    if how in WITH_RIGHT:
        for columns in np.array_split(np.arange(len(right)), parts):
            rows = near(right[columns], left)
            made.append(placed(right_only(right[columns], left[rows]), rows, columns))
    return sum(made[1:], start=made[0])


def assert_parts_make_the_whole(left: np.ndarray, right: np.ndarray, how: How) -> None:
    parts, full = in_parts(left, right, how, 5), whole(left, right, how)
    assert areas_of(parts) == pytest.approx(areas_of(full), rel=1e-9, abs=1e-7)
    ours, theirs = (pieces.tally.certificate("m²") for pieces in (parts, full))
    assert ours.balance == pytest.approx(theirs.balance, rel=1e-9, abs=1e-6)
    assert ours.holds


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", ["parcels in zones", "overlapping", "many in one"])
def test_parts_make_the_whole(name: str, how: How) -> None:
    assert_parts_make_the_whole(*LAYERS[name](), how)


def test_threads_may_share_a_layer() -> None:
    left, right = LAYERS["parcels in zones"]()
    whole_left = areas_of(left_part(left, right, "identity"), 1e-7)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: left_part(left, right, "identity"), range(16)))
    assert all(areas_of(pieces, 1e-7) == whole_left for pieces in made)


# ---- real cities ----------------------------------------------------------------------------


def by_class_and_cell(frame: gpd.GeoDataFrame, *keys: str) -> pd.Series:
    return frame.assign(area=frame.area).groupby(list(keys), dropna=False).area.sum()


def test_xinwu_land_use_by_grid_cell(shared_data: Path) -> None:
    land = gpd.read_file(shared_data / "china/xinwu_wuxi/xinwu_land_use.gpkg")
    grid = gpd.read_file(shared_data / "china/xinwu_wuxi/xinwu_grid_250m.gpkg")
    ours = overlay(land, grid, "intersection")
    theirs = gpd.overlay(land, grid, how="intersection", keep_geom_type=True)
    mine, other = (by_class_and_cell(f, "Class", "grid_id_main") for f in (ours.frame, theirs))
    pd.testing.assert_series_equal(mine, other, rtol=1e-9, atol=1e-6)
    assert ours.certificate.holds
    a, b = (np.asarray(frame.geometry.array) for frame in (land, grid))
    assert_parts_make_the_whole(a, b, "union")


def test_kampen_buildings_by_land_use(shared_data: Path) -> None:
    buildings = gpd.read_file(
        shared_data / "landuse/kampen_nl/kampen_osm_rd.gpkg", layer="buildings"
    )
    buildings = buildings.iloc[::4]  # geopandas takes a quarter of a minute for all
    land = gpd.read_file(shared_data / "landuse/kampen_nl/landuse.gpkg")
    ours = overlay(buildings, land, "identity")
    theirs = gpd.overlay(buildings, land, how="identity", keep_geom_type=True)
    mine, other = (by_class_and_cell(frame, "landuse") for frame in (ours.frame, theirs))
    pd.testing.assert_series_equal(mine, other, rtol=1e-9)
    assert ours.certificate.holds
    a, b = (np.asarray(frame.geometry.array) for frame in (buildings, land))
    assert_parts_make_the_whole(a, b, "identity")
