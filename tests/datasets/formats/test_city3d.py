"""CityJSON and CityGML: the same buildings from both, and one box by hand."""

import json

import numpy as np
import pytest
import shapely
from reading import only

CUBE = [[0, 0, 2], [10, 0, 2], [10, 10, 2], [0, 10, 2], [0, 0, 8], [10, 0, 8], [10, 10, 8]]
CUBE.append([0, 10, 8])
FACES = [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]


def city(tmp_path, *, faces=FACES, **more):
    part = {"type": "BuildingPart", "parents": ["b"], "attributes": {"use": "住宅"}}
    part["geometry"] = [
        {"type": "MultiSurface", "lod": "1", "boundaries": [[FACES[0][:3]]]},
        {"type": "Solid", "lod": "2", "boundaries": [[[face] for face in faces]]},
    ]
    owner = {"type": "Building", "children": ["p"], "attributes": {"floors": 2, "use": "?"}}
    document = {
        "type": "CityJSON",
        "version": "2.0",
        "CityObjects": {"b": owner, "p": part},
        "transform": {"scale": [1, 1, 1], "translate": [528000, 3486000, 0]},
        "vertices": CUBE,
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4549"},
    } | more
    path = tmp_path / "city.json"
    path.write_text(json.dumps(document))
    return path


def test_a_box_by_hand(tmp_path):
    found = only(city(tmp_path))
    (row,), (geom,) = found.rows, found.geoms
    assert (row["id"], row["parent"], row["lod"]) == ("p", "b", "2")
    assert (row["ground_m"], row["roof_m"], row["height_m"]) == (2, 8, 6)
    assert (row["use"], row["floors"]) == ("住宅", 2)
    assert geom.area == 100
    assert {z for x, y, z in geom.geoms[0].exterior.coords} == {2}
    assert geom.bounds == (528000, 3486000, 528010, 3486010)
    assert "1 objects without geometry of their own left out" in found.layer.notes


def test_a_wall_alone_has_no_footprint(tmp_path):
    found = only(city(tmp_path, faces=FACES[2:]))
    assert found.reasons == ["all its surfaces are upright: it has no footprint"]


@pytest.mark.parametrize("vertices", [[[0, 0]], "x", [[0, 0, "a"]], CUBE[:3]])
def test_broken_vertices_are_refused(vertices, tmp_path):
    with pytest.raises(Exception, match=r"city\.json") as refused:
        only(city(tmp_path, vertices=vertices))
    assert type(refused.value).__name__ == "Rejected"


def test_json_and_gml_tell_of_the_same_buildings(shared_data):
    folder = shared_data / "city3d" / "citygml"
    by_json = only(folder / "lod2_buildings_v2.json")
    by_gml = only(folder / "lod2_buildings_v3.gml")
    assert len(by_json.rows) == len(by_gml.rows) == 100

    def places(found):
        return sorted(
            (*geom.bounds, round(geom.area, 3), row["height_m"])
            for row, geom in zip(found.rows, found.geoms, strict=True)
        )

    assert np.allclose(places(by_json), places(by_gml), atol=1e-6)


def test_delft_stands_in_delft(shared_data):
    found = only(shared_data / "city3d" / "cityjson" / "delft.json.gz")
    assert found.layer.storage.srid == 28992
    assert "heights are on NAP height" in found.layer.notes
    assert shapely.box(84_000, 446_000, 86_000, 448_000).covers(shapely.union_all(found.geoms))
