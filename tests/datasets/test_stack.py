"""NetCDF and Zarr into the store: the same cells, their times, and clear refusals."""

import gc
import json
import os
from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio
import xarray as xr
import zarr
from grids import CELL, NORTH, WEST, netcdf, rain

from datasets.stack import level_shape, levels_of, to_store
from spatial.errors import Misconfigured, Rejected


def test_a_stack_holds_the_same_cells_and_times(tmp_path):
    name, info = to_store(netcdf(tmp_path / "r.nc", rain()), tmp_path / "store", "rain")
    assert name == "rain.zarr"
    assert info.crs.to_epsg() == 4549
    assert info.bounds == (WEST, NORTH - 30 * CELL, WEST + 40 * CELL, NORTH)
    assert (info.shape, info.names, info.units) == ((30, 40), ("rain",), ("mm",))
    assert info.times[1] == datetime(2024, 6, 1, 1, tzinfo=UTC)
    assert (info.titles, info.ends) == (("Rain",), ())
    (band,) = info.statistics
    assert (band.valid, band.minimum, band.maximum) == (4 * 1199, 1, 3000 + 2900 + 39)
    with xr.open_zarr(tmp_path / "store" / name, group="0", consolidated=False) as stored:
        np.testing.assert_array_equal(stored["rain"], rain()["rain"])
        assert (stored["x"] == rain()["x"]).all()
        assert (stored["time"] == rain()["time"]).all()


def test_levels_of_detail_are_means_of_four_cells(tmp_path):
    wide = rain(700, 1100)
    name, info = to_store(netcdf(tmp_path / "r.nc", wide), tmp_path, "wide")
    assert info.levels == levels_of((700, 1100)) == 3
    root = zarr.open_group(tmp_path / name, mode="r")
    values = wide["rain"].to_numpy()
    assert root["1/rain"].shape == (4, *level_shape((700, 1100), 1)) == (4, 350, 550)
    np.testing.assert_allclose(root["1/rain"][2, 7, 9], values[2, 14:16, 18:20].mean())
    np.testing.assert_allclose(root["2/rain"][3, 5, 5], values[3, 20:24, 20:24].mean())
    assert root["1/rain"][0, 0, 0] == pytest.approx(np.nanmean(values[0, :2, :2]))


def test_the_order_of_axes_does_not_matter(tmp_path):
    turned = rain().isel(y=slice(None, None, -1), time=[2, 0, 1, 3]).transpose("x", "time", "y")
    one, _ = to_store(netcdf(tmp_path / "a.nc", rain()), tmp_path, "a")
    two, _ = to_store(netcdf(tmp_path / "b.nc", turned), tmp_path, "b")
    first, second = (zarr.open_group(tmp_path / name, mode="r")["0/rain"][:] for name in (one, two))
    np.testing.assert_array_equal(first, second)


def test_time_bounds_say_when_a_layer_ends(tmp_path):
    bounded = rain()
    hours = bounded["time"].to_numpy()
    bounded["time_bnds"] = (("time", "nv"), np.stack([hours, hours + np.timedelta64(30, "m")], 1))
    bounded["time"].attrs["bounds"] = "time_bnds"
    bounded["time"].encoding["units"] = "minutes since 2024-06-01"
    _, info = to_store(netcdf(tmp_path / "r.nc", bounded), tmp_path, "rain")
    assert info.ends[0] == datetime(2024, 6, 1, 0, 30, tzinfo=UTC)
    assert json.dumps(info.profile())


def test_a_single_moment_becomes_a_cog(tmp_path):
    one = rain().isel(time=0, drop=True)
    one["rain"].attrs["vertical_datum"] = "EPSG:5737"
    name, info = to_store(netcdf(tmp_path / "r.nc", one), tmp_path, "one")
    assert (name, info.times, info.vertical_datum) == ("one.tif", (), "EPSG:5737")
    with rasterio.open(tmp_path / name) as cog:
        np.testing.assert_array_equal(cog.read(1), one["rain"])
        assert (cog.units, cog.descriptions) == (("mm",), ("rain",))


def test_a_zarr_store_is_read(tmp_path):
    rain().to_zarr(tmp_path / "r.zarr", zarr_format=2, consolidated=True)
    name, info = to_store(tmp_path / "r.zarr", tmp_path / "store", "rain")
    assert (name, len(info.times), info.crs.to_epsg()) == ("rain.zarr", 4, 4549)


def test_degrees_to_360_become_western(tmp_path):
    world = rain().drop_vars("crs").isel(time=0, drop=True)
    world = world.assign_coords(
        x=("x", np.arange(40) * 9.0, {"units": "degrees_east"}),
        y=("y", 87 - np.arange(30) * 6.0, {"units": "degrees_north"}),
    )
    name, info = to_store(netcdf(tmp_path / "w.nc", world), tmp_path, "world")
    assert info.crs.to_epsg() == 4326
    assert "WGS 84" in info.notes[0]
    assert info.bounds == (-175.5, -90, 184.5, 90)
    with rasterio.open(tmp_path / name) as cog:
        assert cog.read(1)[5, 0] == world["rain"].to_numpy()[5, 21]


def _without_crs(data):
    return data.drop_vars("crs")


def _with_a_level(data):
    return data.drop_vars("rain").assign(
        rain=data["rain"].expand_dims(level=2).assign_coords(level=[1.0, 2.0])
    )


def _uneven(data):
    return data.assign_coords(x=data["x"].to_numpy() + 3.0 * (np.arange(40) == 7))


def _twice_the_same_time(data):
    return data.assign_coords(time=data["time"].to_numpy()[[0, 1, 1, 3]])


def _no_dates(data):
    return data.assign_coords(time=[1.0, 2.0, 3.0, 4.0])


def _no_grid(data):
    return data.isel(x=0, drop=True)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_without_crs, "--crs EPSG:4549"),
        (_with_a_level, "has the dimensions level, time, y, x"),
        (_uneven, "coordinates of x are not evenly spaced"),
        (_twice_the_same_time, "the same time"),
        (_no_dates, "cannot be read as dates"),
        (_no_grid, "no variable has an x and a y"),
    ],
)
def test_what_lacks_is_named(spoil, reason, tmp_path):
    source = netcdf(tmp_path / "r.nc", spoil(rain()))
    with pytest.raises(Rejected, match=reason):
        to_store(source, tmp_path / "store", "rain")
    assert not list((tmp_path / "store").glob("*")) if (tmp_path / "store").exists() else True


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # scipy's close
@pytest.mark.parametrize("damage", ["missing", "text", "truncated", "header"])
def test_a_damaged_file_is_refused_and_leaves_nothing(damage, tmp_path):
    source = netcdf(tmp_path / "r.nc", rain())
    content = source.read_bytes()
    match damage:
        case "missing":
            source.unlink()
        case "text":
            source.write_bytes(b"<html>not found</html>")
        case "truncated":
            source.write_bytes(content[: len(content) // 2])
        case "header":
            source.write_bytes(content[:8] + b"\xff" * 64 + content[72:])
    with pytest.raises(Rejected, match=r"r\.nc") as refused:
        to_store(source, tmp_path / "store", "rain")
    assert str(tmp_path) not in str(refused.value)
    assert not (tmp_path / "store").exists() or not list((tmp_path / "store").iterdir())
    gc.collect()


def test_a_zarr_store_with_links_elsewhere_is_refused(tmp_path):
    rain().to_zarr(tmp_path / "r.zarr", consolidated=False)
    os.symlink("/etc/hostname", tmp_path / "r.zarr" / "more")
    with pytest.raises(Rejected, match="links to other places"):
        to_store(tmp_path / "r.zarr", tmp_path / "store", "rain")


def test_a_zarr_store_of_objects_is_not_unpacked(tmp_path):
    """Unpickling could run what the file says."""
    rain().isel(time=0).to_zarr(tmp_path / "r.zarr", zarr_format=2, consolidated=False)
    described = tmp_path / "r.zarr" / "x" / ".zarray"
    said = json.loads(described.read_text())
    described.write_text(json.dumps(said | {"filters": [{"id": "pickle"}]}))
    with pytest.raises(Rejected, match="pickle"):
        to_store(tmp_path / "r.zarr", tmp_path / "store", "rain")


def test_netcdf4_reads_nothing_from_elsewhere(tmp_path):
    h5py = pytest.importorskip("h5py", reason="NetCDF-4 needs h5py")
    (tmp_path / "secret").write_bytes(b"SECRET.." * 8)
    for name, options in (
        ("inside", {}),
        ("outside", {"external": [(str(tmp_path / "secret"), 0, 64)]}),
    ):
        with h5py.File(tmp_path / f"{name}.nc", "w") as file:
            for axis in "yx":
                file[axis] = np.arange(8.0)
                file[axis].make_scale(axis)
            made = file.create_dataset("v", (8, 8), "u1", **options)
            for number, axis in enumerate("yx"):
                made.dims[number].attach_scale(file[axis])
    to_store(tmp_path / "inside.nc", tmp_path / "store", "a", crs="EPSG:4549")
    with pytest.raises(Rejected, match="in another file"):
        to_store(tmp_path / "outside.nc", tmp_path / "store", "b", crs="EPSG:4549")


def test_netcdf4_without_its_reader_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    (tmp_path / "a.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(Misconfigured, match="pip install h5py"):
        to_store(tmp_path / "a.nc", tmp_path / "store", "a")
