"""The styles: valid for MapLibre, ordered from the ground up, coloured by the planners' codes."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from styled import BOX, CITY, GLYPHS, LAYERS, VALIDATOR, city, layer, style, url

from tiles.cartography import spare_colour
from tiles.style import StyleLayer


def drawing(of: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in of["layers"] if one["id"] == name)


def listed(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    groups = of["metadata"]["citytwin"]["groups"]
    return {entry["name"]: entry for group in groups for entry in group["layers"]}


def colour_of(expression: Any, code: str | None) -> Any:
    """What MapLibre makes of a nest of match expressions over a code."""
    while isinstance(expression, list):
        _, value, *cases, other = expression
        key = (code or "")[: value[3]] if value[0] == "slice" else code or ""
        found = [
            colour for codes, colour in zip(cases[::2], cases[1::2], strict=True) if key in codes
        ]
        expression = found[0] if found else other
    return expression


@pytest.mark.skipif(
    not (VALIDATOR.exists() and shutil.which("node")), reason="the screen's packages are not set up"
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_maplibres_own_validator_accepts_the_style(tmp_path: Path, language: str) -> None:
    path = tmp_path / "style.json"
    path.write_text(json.dumps(city(language)), "utf-8")
    done = subprocess.run([VALIDATOR, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_layer_is_drawn_from_its_own_tiles_and_listed_once() -> None:
    made = city()
    drawn = {one["source-layer"] for one in made["layers"] if "source" in one}
    assert drawn == set(listed(made)) == set(LAYERS)
    for one in made["layers"][1:]:
        assert made["sources"][one["source"]]["tiles"] == [url(one["source-layer"])]
    assert len({one["id"] for one in made["layers"]}) == len(made["layers"])
    assert made["glyphs"] == GLYPHS
    assert "sprite" not in made


def test_the_order_is_from_the_ground_up_and_does_not_depend_on_the_input() -> None:
    made = city()
    kinds = [one["type"] for one in made["layers"]]
    stages = ["background", "fill", "line", "fill-extrusion", "circle", "symbol"]
    assert kinds == sorted(kinds, key=stages.index)
    fills = [one["source-layer"] for one in made["layers"] if one["type"] == "fill"]
    assert fills == ["parcels", "water", "urban_line", "parcels_by_cell"]
    assert style([layer(name) for name in reversed(LAYERS)], url, name=CITY) == made


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("0101", "Paddy"),
        ("0103", "Other cropland"),
        ("0301", "Forest"),
        ("070102", "Residential"),
        ("0703", "Rural homes"),
        ("080403", "Education"),
        ("0802", "Public services"),
        ("0901", "Commercial"),
        ("100101", "Industrial"),
        ("1207", "Transport"),
        ("1401", "Green and open space"),
        ("1702", "Inland water"),
        ("2301", "Other"),
        ("99", "Other"),
        (None, "Other"),
    ],
)
def test_a_parcel_has_the_colour_that_its_legend_says(code: str | None, label: str) -> None:
    made = city()
    legend = {entry["label"]["en"]: entry["colour"] for entry in listed(made)["parcels"]["legend"]}
    assert colour_of(drawing(made, "parcels-fill")["paint"]["fill-color"], code) == legend[label]


def test_labels_and_the_name_are_in_the_language() -> None:
    for language, other in (("zh", "en"), ("en", "zh")):
        made = city(language)
        assert made["name"] == CITY[language]
        field = drawing(made, "districts-name")["layout"]["text-field"]
        assert field == ["get", f"name_{language}"] != ["get", f"name_{other}"]
    assert drawing(city(), "tracks-name")["layout"]["text-field"] == ["get", "title"]
    assert not [one for one in city()["layers"] if one["id"] == "surveyed-name"]


def test_an_area_is_named_from_one_coarse_tile() -> None:
    made = city()
    source = made["sources"][drawing(made, "districts-name")["source"]]
    assert (source["minzoom"], source["maxzoom"]) == (6, 8)
    shallow = style([layer("districts", minzoom=10, maxzoom=12)], url, name=CITY)
    assert {source["maxzoom"] for source in shallow["sources"].values()} == {10, 12}


def test_the_control_lines_are_hidden_until_asked_for() -> None:
    made = city()
    assert not listed(made)["urban_line"]["visible"]
    shown = {one["id"]: one["layout"]["visibility"] for one in made["layers"][1:]}
    assert {shown["urban_line-fill"], shown["urban_line-outline"]} == {"none"}
    assert shown["water-fill"] == "visible"
    alone = style([layer("urban_line")], url, name=CITY)
    assert listed(alone)["urban_line"]["visible"]
    assert {one["layout"]["visibility"] for one in alone["layers"][1:]} == {"visible"}


def test_unknown_layers_get_a_stable_colour_and_their_kinds_look() -> None:
    made = city()
    assert drawing(made, "parcels_by_cell-fill")["paint"]["fill-color"] == spare_colour(
        "parcels_by_cell"
    )
    assert listed(made)["surveyed"]["legend"][0]["colour"] == spare_colour("surveyed")
    assert len({spare_colour(f"layer{number}") for number in range(100)}) > 8


@pytest.mark.parametrize(
    "changes", [{"columns": ("code",)}, {"geometry": "point"}], ids=["no classes", "other geometry"]
)
def test_a_namesake_of_a_known_layer_is_drawn_as_unknown(changes: dict[str, Any]) -> None:
    made = style([layer("parcels", **changes)], url, name=CITY)
    (entry,) = listed(made)["parcels"]["legend"]
    assert entry["colour"] == spare_colour("parcels")
    assert made["metadata"]["citytwin"]["groups"][0]["title"]["en"] == "Results and others"


def test_the_camera_shows_what_there_is() -> None:
    made = city()
    assert made["center"] == pytest.approx([120.4, 31.5])
    assert 10 < made["zoom"] < 13
    assert made["metadata"]["citytwin"]["bounds"] == list(BOX)
    assert "center" not in style([], url, name=CITY)
    assert "bounds" not in style([layer("roads", bounds=None)], url, name=CITY)["sources"]["roads"]


def test_nothing_is_drawn_where_there_are_no_tiles() -> None:
    made = style([layer(name, minzoom=14) for name in LAYERS], url, name=CITY)
    assert min(one["minzoom"] for one in made["layers"][1:]) == 14


def test_two_styles_share_nothing_that_can_change() -> None:
    first = city()
    drawing(first, "water-fill")["paint"]["fill-color"] = "black"
    listed(first)["water"]["title"]["zh"] = ""
    assert city() != first


def test_a_result_waits_in_the_list_until_it_is_chosen() -> None:
    base = StyleLayer("parcels", {"zh": "用地", "en": "Parcels"}, "polygon", ("land_code",), 0, 16)
    made = StyleLayer(
        "overlay", {"zh": "叠加", "en": "Overlay"}, "polygon", (), 0, 16, derived=True
    )
    city = style([base, made], lambda layer: layer, name={"zh": "城", "en": "City"})
    shown = {
        one["source"]: one["layout"]["visibility"] for one in city["layers"] if "source" in one
    }
    assert shown == {"parcels": "visible", "overlay": "none"}
