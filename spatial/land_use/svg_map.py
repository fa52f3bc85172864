"""A small map as SVG: polygons by class, some with a label, what lies behind, scale and legend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

import numpy as np
import shapely

from spatial.land_use.polygons import Geometries

_WIDTH, _HEIGHT, _MARGIN = 900.0, 640.0, 12.0
_COLUMN, _ROW = 220.0, 20.0
_STYLE = (
    "path{stroke:#fff;stroke-width:.4}.b{stroke:none}.r{fill:none;stroke-width:.6}"
    "text{font:12px sans-serif}"
    ".l{text-anchor:middle;font-weight:bold;paint-order:stroke;stroke:#fff;stroke-width:3}"
)


@dataclass(frozen=True)
class Backdrop:
    """Polygons or lines to draw beneath, their colour, and their words in the legend."""

    shapes: Geometries
    colour: str
    words: str


def svg_map(
    shapes: Geometries,
    classes: Sequence[str],
    colours: Mapping[str, tuple[str, str]],
    labels: Mapping[int, str] = MappingProxyType({}),
    behind: Sequence[Backdrop] = (),
) -> str:
    """Polygons in a plane in metres, north up, drawn in the order of `colours`.

    classes (n,): the class of each; colours: by class its fill and its words in the legend;
    labels: by the place of a polygon what to write on it.
    """
    sheet = _Sheet.around(shapes)
    drawn = sheet.placed(shapes)
    body = [_backdrop(sheet, one) for one in behind]
    for name, (fill, _) in colours.items():
        paths = "".join(_path(one) for one, own in zip(drawn, classes, strict=True) if own == name)
        body.append(f'<path d="{paths}" fill="{fill}" fill-rule="evenodd"/>')
    for at, words in labels.items():
        x, y = shapely.get_coordinates(shapely.point_on_surface(drawn[at]))[0]
        body.append(f'<text x="{x:.1f}" y="{y:.1f}" class="l">{escape(words)}</text>')
    legend = [(one.colour, one.words) for one in behind] + list(colours.values())
    rows = -(-len(legend) // int(_WIDTH // _COLUMN))
    height = sheet.bottom + 30 + rows * _ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {height:.0f}">'
        f"<style>{_STYLE}</style>{''.join(body)}{sheet.scale_bar()}"
        f"{_legend(legend, sheet.bottom + 26)}</svg>"
    )


@dataclass(frozen=True)
class _Sheet:
    """Where metres come to lie on the drawing."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def around(cls, shapes: Geometries) -> "_Sheet":
        """Shapes with a twentieth of their width around them."""
        west, south, east, north = shapely.total_bounds(shapes)
        edge = max(east - west, north - south, 1.0) / 20
        return cls(west - edge, south - edge, east + edge, north + edge)

    @property
    def scale(self) -> float:
        return min((_WIDTH - 2 * _MARGIN) / (self.east - self.west),
                   (_HEIGHT - 2 * _MARGIN) / (self.north - self.south))  # fmt: skip

    @property
    def bottom(self) -> float:
        return _MARGIN + (self.north - self.south) * self.scale

    def placed(self, shapes: Geometries) -> Geometries:
        """The shapes on the drawing, without what is too small to see."""
        scale = self.scale
        simple = shapely.simplify(shapes, 0.4 / scale)
        corner = np.array([self.west, self.north])
        return np.asarray(
            shapely.transform(simple, lambda xy: _MARGIN + (xy - corner) * [scale, -scale]), object
        )

    def scale_bar(self) -> str:
        """A bar of a round number of metres, at most a fifth of the map long."""
        most = _WIDTH / 5 / self.scale
        power = 10 ** np.floor(np.log10(most))
        length = power * max(step for step in (1, 2, 5) if step * power <= most)
        words = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
        y, end = self.bottom + 14, _MARGIN + length * self.scale
        return (
            f'<path d="M{_MARGIN} {y:.1f}H{end:.1f}" style="stroke:#222;stroke-width:2"/>'
            f'<text x="{end + 6:.1f}" y="{y + 4:.1f}">{words}</text>'
        )


def _backdrop(sheet: _Sheet, one: Backdrop) -> str:
    seen = shapely.clip_by_rect(one.shapes, sheet.west, sheet.south, sheet.east, sheet.north)
    parts = shapely.get_parts(sheet.placed(seen[~shapely.is_empty(seen)]))
    flat = shapely.get_dimensions(parts) == 2
    areas = "".join(map(_path, parts[flat]))
    lines = "".join(f"M{_points(part)}" for part in parts[~flat])
    return (
        f'<path d="{areas}" class="b" fill="{one.colour}" fill-rule="evenodd"/>'
        f'<path d="{lines}" class="r" stroke="{one.colour}"/>'
    )


def _path(shape: shapely.Geometry) -> str:
    return "".join(f"M{_points(ring)}Z" for ring in shapely.get_rings(shape))


def _points(line: shapely.Geometry) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(line))


def _legend(entries: Sequence[tuple[str, str]], top: float) -> str:
    across = int(_WIDTH // _COLUMN)
    made = []
    for n, (colour, words) in enumerate(entries):
        x, y = _MARGIN + n % across * _COLUMN, top + n // across * _ROW
        made.append(f'<rect x="{x:.0f}" y="{y:.0f}" width="14" height="14" fill="{colour}"/>'
                    f'<text x="{x + 20:.0f}" y="{y + 12:.0f}">{escape(words)}</text>')  # fmt: skip
    return "".join(made)
