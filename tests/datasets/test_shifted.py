"""A layer of a web map beside one that is where it should be."""

import pytest

from datasets.load import load


@pytest.fixture
def take(database, shared_data, tmp_path):
    def take(name, **options):
        path = shared_data / "china" / name
        return load(database, path, author="ada", rejects_dir=tmp_path, **options)

    return take


def test_boundaries_of_a_web_map_are_suspected(take):
    (there,) = take("admin_jiangsu_amap.gpkg", layer="district")
    assert there.notes == ()
    (told,) = take("cnmaps_amap/320211.geojson")
    assert told.notes[0].startswith("it looks shifted by")
    assert told.notes[0].endswith("against 'district': if it is in gcj02, load it with --crs gcj02")
    (moved,) = take("cnmaps_amap/320206.geojson", crs="gcj02")
    assert moved.notes == ("moved from gcj02 to WGS 84",)


def test_others_are_not(take):
    take("admin_jiangsu_tianditu.gpkg", layer="district")
    (told,) = take("admin_jiangsu_amap.gpkg", layer="city")
    assert told.notes == ()
