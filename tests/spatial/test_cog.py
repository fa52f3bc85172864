"""GeoTIFF to COG: the same cells, their statistics, and nothing at all from a bad file."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from spatial.cog import to_cog
from spatial.errors import Rejected

CELLS = np.arange(600 * 700, dtype=np.float32).reshape(600, 700)


def tiff(path, cells=CELLS, *, crs="EPSG:4549", nodata=0.0, **options):
    options = {"transform": from_origin(528_000, 3_486_000, 5, 5)} | options
    rows, columns = cells.shape
    with rasterio.open(
        path, "w", driver="GTiff", height=rows, width=columns, count=1, dtype=cells.dtype,
        crs=crs, nodata=nodata, **options,
    ) as out:  # fmt: skip
        out.write(cells, 1)
        out.units = ["m"]
        out.update_tags(DATUM="1985")
    return path


def test_a_cog_holds_the_same_raster(tmp_path):
    target = tmp_path / "store" / "dem.tif"
    info = to_cog(tiff(tmp_path / "dem.tif"), target)
    assert info.crs.to_epsg() == 4549
    assert info.bounds == (528_000, 3_483_000, 531_500, 3_486_000)
    assert (info.shape, info.dtype, info.nodata, info.units) == ((600, 700), "float32", 0, ("m",))
    (band,) = info.statistics
    last = 600 * 700 - 1
    assert (band.valid, band.minimum, band.maximum) == (last, 1, last)
    assert band.mean == pytest.approx((last + 1) / 2)
    with rasterio.open(target) as cog:
        assert np.array_equal(cog.read(1), CELLS)
        assert cog.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert cog.overviews(1) == [2]
        assert cog.block_shapes == [(512, 512)]
        assert cog.tags()["DATUM"] == "1985"


def test_overviews_do_not_mix_classes(tmp_path):
    classes = np.where(np.indices((1024, 1024)).sum(axis=0) % 3, 10, 30).astype(np.int16)
    target = tmp_path / "cog.tif"
    to_cog(tiff(tmp_path / "classes.tif", classes, nodata=-1), target)
    with rasterio.open(target, overview_level=0) as small:
        assert set(np.unique(small.read(1))) <= {10, 30}


def test_values_that_are_not_numbers_do_not_count(tmp_path):
    cells = np.array([[1, np.nan], [3, -9999]], np.float32)
    info = to_cog(tiff(tmp_path / "a.tif", cells, nodata=-9999), tmp_path / "b.tif")
    (band,) = info.statistics
    assert (band.valid, band.minimum, band.maximum, band.mean) == (2, 1, 3, 2)
    empty = to_cog(tiff(tmp_path / "c.tif", cells * 0, nodata=0), tmp_path / "d.tif")
    assert empty.statistics[0].mean is None or empty.statistics[0].valid == 0


def test_a_crs_is_needed_and_can_be_given(tmp_path):
    source = tiff(tmp_path / "a.tif", crs=None)
    with pytest.raises(Rejected, match="--crs EPSG:4549"):
        to_cog(source, tmp_path / "b.tif")
    assert to_cog(source, tmp_path / "b.tif", crs="EPSG:4528").crs.to_epsg() == 4528
    with rasterio.open(tmp_path / "b.tif") as cog:
        assert np.array_equal(cog.read(1), CELLS)
        assert cog.units == ("m",)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_picture_without_a_place_is_refused(tmp_path):
    source = tiff(tmp_path / "a.tif", transform=rasterio.Affine.identity())
    with pytest.raises(Rejected, match="no position on the Earth"):
        to_cog(source, tmp_path / "b.tif")


@pytest.mark.parametrize("damage", ["missing", "text", "truncated", "scrambled"])
def test_a_damaged_file_is_refused_and_leaves_nothing(damage, tmp_path):
    source, target = tmp_path / "a.tif", tmp_path / "store" / "a.tif"
    tiff(source, np.random.default_rng(1).random((600, 700), np.float32), compress="deflate")
    whole = source.read_bytes()
    half = len(whole) // 2
    match damage:
        case "missing":
            source.unlink()
        case "text":
            source.write_bytes(b"<html>not found</html>")
        case "truncated":
            source.write_bytes(whole[:half])
        case "scrambled":
            source.write_bytes(whole[:half] + bytes(9000) + whole[half + 9000 :])
    with pytest.raises(Rejected, match=r"a\.tif") as refused:
        to_cog(source, target)
    assert str(tmp_path) not in str(refused.value)
    assert not target.parent.exists() or not list(target.parent.iterdir())


def test_kampens_land_use(shared_data, tmp_path):
    source = shared_data / "landuse" / "kampen_nl" / "landuse_map.tif"
    info = to_cog(source, tmp_path / "a.tif")
    assert (info.crs.to_epsg(), info.shape, info.nodata) == (28992, (2269, 3476), 32767)
    with rasterio.open(source) as before, rasterio.open(tmp_path / "a.tif") as after:
        assert np.array_equal(before.read(1), after.read(1))
        assert info.statistics[0].mean == pytest.approx(before.read(1).mean())
