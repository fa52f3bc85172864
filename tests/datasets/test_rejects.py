"""The rejects file holds every refused row, opens in GDAL, and is taken again once mended."""

import json

import numpy as np
import pyarrow as pa
import pyogrio
import pyproj
import pytest
import shapely

from datasets.columns import fields
from datasets.rejects import Rejection, Rejects, rejections
from datasets.vector import open_source

CRS = pyproj.CRS(4549)
BOWTIE = shapely.from_wkt("POLYGON ((528000 0, 528002 2, 528002 0, 528000 2, 528000 0))").wkb


def rejected(tmp_path, *rows, crs=CRS):
    with Rejects(tmp_path / "out" / "plots.geojson", "plots", crs) as rejects:
        rejects.add(rows)
    return rejects.path


def test_no_rejects_no_file(tmp_path):
    assert not rejected(tmp_path).parent.exists()


def test_rows_keep_attributes_geometry_and_reason(tmp_path):
    row = Rejection(7, "it is a bowtie", {"地类": "耕地", "area": 1.5, "id": 2**40}, BOWTIE)
    path = rejected(tmp_path, row)
    frame = pyogrio.read_dataframe(path)
    assert frame.crs == CRS
    assert frame.drop(columns="geometry").to_dict("records") == [
        {"地类": "耕地", "area": 1.5, "id": 2**40, "_reason": "it is a bowtie", "_row": 7}
    ]
    assert frame.geometry[0].equals_exact(shapely.from_wkb(BOWTIE))


@pytest.mark.parametrize(
    "wkb", [b"\1\2", shapely.Point(1, np.inf).wkb, bytes.fromhex("0108000000") + bytes(4)]
)
def test_what_geojson_cannot_express_is_kept_as_hexadecimal(wkb, tmp_path):
    feature = json.loads(rejected(tmp_path, Rejection(1, "why", {}, wkb)).read_text())["features"][
        0
    ]
    assert feature["geometry"] is None
    assert bytes.fromhex(feature["properties"]["_wkb"]) == wkb


def test_values_of_any_kind_are_written(tmp_path):
    values = {"text": b"\xc3\x28", "number": float("nan"), "day": pa.scalar(0, pa.date32()).as_py()}
    path = rejected(tmp_path, Rejection(1, "why", values, None))
    properties = json.loads(path.read_text())["features"][0]["properties"]
    assert properties["text"] == "\\xc3("
    assert properties["number"] is None
    assert properties["day"] == "1970-01-01"


def test_an_error_leaves_no_file(tmp_path):
    def breaking():
        yield Rejection(1, "why", {}, None)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Rejects(tmp_path / "a.geojson", "a", CRS) as rejects:
        rejects.add(breaking())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", [4549, 4326, 28992])
def test_a_mended_file_is_read_back_as_the_source_was(code, tmp_path):
    crs = pyproj.CRS(code)
    square = shapely.box(100, 50, 101, 51).wkb
    rows = [Rejection(n, "why", {"code": f"{n}"}, square) for n in (1, 2)]
    (layer,) = open_source(rejected(tmp_path, *rows, crs=crs))
    assert (layer.name, layer.storage.srid) == ("plots", code)
    assert [field.name for field in layer.fields] == ["code"]
    (batch,) = layer.batches()
    assert batch.table.column("code").to_pylist() == ["1", "2"]


def test_refused_rows_are_numbered_in_the_source(tmp_path):
    schema = [pa.field("名", pa.string()), pa.field("_row", pa.int32())]
    rows = pa.RecordBatch.from_arrays(
        [pa.array(["a", "b"]), pa.array([1, 2], pa.int32()), pa.array([BOWTIE, None])],
        names=["名", "_row", "geom"],
    )
    reasons = np.array([None, "no geometry"], dtype=object)
    out = rejections(11, rows, fields(schema, leave_out=["_row"]), reasons)
    assert out == [Rejection(12, "no geometry", {"名": b"b"}, None)]
