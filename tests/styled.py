"""A city of every kind of layer, styled."""

from functools import partial
from pathlib import Path
from typing import Any

from tiles.style import StyleLayer
from tiles.style import style as style_of

BOX = (120.3, 31.4, 120.5, 31.6)
CITY = {"zh": "云湖", "en": "Yunhu"}
VALIDATOR = Path(__file__).parents[1] / "screen/node_modules/.bin/gl-style-validate"

LAYERS = {
    "lamps": ("point", ("code",)),
    "buildings": ("polygon", ("height_m", "use", "built_year")),
    "roads": ("line", ("class", "name_zh", "name_en")),
    "water": ("polygon", ("kind", "name_zh", "name_en")),
    "parcels": ("polygon", ("land_code",)),
    "urban_line": ("polygon", ("code",)),
    "districts": ("polygon", ("code", "name_zh", "name_en")),
    "parcels_by_cell": ("polygon", ("area", "name")),
    "surveyed": ("point", ()),
    "tracks": ("line", ("title",)),
}


def layer(name: str, **changes: Any) -> StyleLayer:
    geometry, columns = LAYERS[name]
    values = {
        "name": name,
        "title": {"zh": f"{name} 图层", "en": name.title()},
        "geometry": geometry,
        "columns": columns,
        "minzoom": 6,
        "maxzoom": 16,
        "bounds": BOX,
    }
    return StyleLayer(**{**values, **changes})


GLYPHS = "http://city.test/fonts/{fontstack}/{range}.pbf"


def url(name: str) -> str:
    return f"http://city.test/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt?datetime=2020-12-31T15:59:59Z"


style = partial(style_of, glyphs_url=GLYPHS)


def city(language: str = "zh") -> dict[str, Any]:
    return style([layer(name) for name in LAYERS], url, name=CITY, language=language)
