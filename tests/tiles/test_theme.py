"""Themes: the same map in other colours, whose words can be read."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from styled import VALIDATOR, city

from tiles.theme import THEMES, from_oklab, to_oklab

every_theme = pytest.mark.parametrize("name", THEMES)


@pytest.mark.parametrize(
    ("colour", "oklab"),
    [  # CSS Color 4's sample values
        ("#ffffff", (1, 0, 0)),
        ("#000000", (0, 0, 0)),
        ("#ff0000", (0.62796, 0.22486, 0.12585)),
        ("#0000ff", (0.45201, -0.03246, -0.31153)),
        ("#008000", (0.51975, -0.14030, 0.10768)),
        ("#663399", (0.44027, 0.08818, -0.13386)),
    ],
)
def test_oklab_is_the_published_one(colour: str, oklab: tuple[float, float, float]) -> None:
    assert to_oklab(colour) == pytest.approx(oklab, abs=2e-5)
    assert from_oklab(*to_oklab(colour)) == colour


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def background(made: dict[str, Any]) -> str:
    colour: str = made["layers"][0]["paint"]["background-color"]
    return colour


@every_theme
def test_words_can_be_read_on_their_ground(name: str) -> None:
    made = THEMES[name].recoloured(city())
    for one in made["layers"]:
        if one["type"] == "symbol":
            for ground in (one["paint"]["text-halo-color"], background(made)):
                pair = sorted(map(luminance, (one["paint"]["text-color"], ground)))
                assert (pair[1] + 0.05) / (pair[0] + 0.05) > 3, one["id"]


def test_dark_is_dark_and_light_is_quiet() -> None:
    plain = city()
    light, dark = (THEMES[name].recoloured(plain) for name in ("light", "dark"))
    assert luminance(background(dark)) < 0.02 < 0.9 < luminance(background(light))
    assert colours(light) != colours(plain) != colours(dark)


def colours(made: dict[str, Any]) -> list[str]:
    return re.findall(r'"#\w+"', json.dumps(made))


@every_theme
def test_only_colours_change(name: str) -> None:
    plain, made = (
        re.sub(r'"#[0-9a-f]{6}"', '"#"', json.dumps(one))
        for one in (city(), THEMES[name].recoloured(city()))
    )
    assert made == plain


@pytest.mark.skipif(
    not (VALIDATOR.exists() and shutil.which("node")), reason="the screen's packages are not set up"
)
@every_theme
def test_maplibres_own_validator_accepts_them(tmp_path: Path, name: str) -> None:
    path = tmp_path / "style.json"
    path.write_text(json.dumps(THEMES[name].recoloured(city())), "utf-8")
    done = subprocess.run([VALIDATOR, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@every_theme
def test_a_theme_is_of_all_layers_at_the_asof(client: TestClient, plots: object, name: str) -> None:
    made = client.get(f"/styles/{name}.json?datetime=2020&lang=en").json()
    plain = client.get("/styles/city.json?datetime=2020&lang=en").json()
    assert made["sources"] == plain["sources"]
    assert "datetime=2020-12-31" in made["sources"]["plots"]["tiles"][0]
    assert (
        made["name"] == plain["name"] != client.get(f"/styles/{name}.json?lang=zh").json()["name"]
    )
    assert client.get(f"/styles/{name}.json?filter=height>1").status_code == 400
