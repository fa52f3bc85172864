"""A table is a layer without places: it is served, reloaded and exported like any other."""

from datasets.export import export
from datasets.load import load
from spatial.asof import as_of
from spatial.grant import OWNER


def test_a_table_is_served_and_reloaded(database, client, tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text("code,name\n0601,工业用地\n0701,住宅用地\n")
    options = {"author": "ada", "rejects_dir": tmp_path, "access": "public"}
    (report,) = load(database, path, **options)
    assert (report.read, report.loaded, report.rejected) == (2, 2, 0)
    items = client.get("/collections/codes/items").json()
    assert [one["geometry"] for one in items["features"]] == [None, None]
    assert {one["properties"]["code"] for one in items["features"]} == {"0601", "0701"}
    assert client.get("/collections/codes?f=json").status_code == 200
    assert client.get("/tiles/codes/0/0/0.mvt").status_code in (200, 204)
    path.write_text("code,name\n0601,工业用地\n0702,居住用地\n")
    (report,) = load(database, path, layer="codes", key="code", **options)
    assert (report.reloaded.added, report.reloaded.removed, report.reloaded.equal) == (1, 1, 1)
    for suffix in ("csv", "xlsx", "gpkg"):
        out = export(database, "codes", as_of(None), OWNER, tmp_path / f"out.{suffix}")
        assert out.features == 2
