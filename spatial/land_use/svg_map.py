"""A small map as SVG: polygons by class, some with a label, a scale bar, a legend."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import shapely

from spatial.land_use.polygons import Geometries

_WIDTH, _HEIGHT, _MARGIN = 900.0, 640.0, 12.0


def svg_map(
    shapes: Geometries,
    classes: Sequence[str],
    colours: Mapping[str, tuple[str, str]],
    labels: Mapping[int, str] | None = None,
) -> str:
    """Polygons in a plane in metres, north up, drawn in the order of `colours`.

    classes (n,): the class of each; colours: by class its fill and its words in the legend;
    labels: by the place of a polygon what to write on it.
    """
    west, south, east, north = shapely.total_bounds(shapes)
    scale = min((_WIDTH - 2 * _MARGIN) / max(east - west, 1e-9),
                (_HEIGHT - 2 * _MARGIN) / max(north - south, 1e-9))  # fmt: skip
    simple = shapely.simplify(shapes, 0.4 / scale)
    drawn = np.asarray(shapely.transform(
        simple, lambda xy: np.column_stack([_MARGIN + (xy[:, 0] - west) * scale,
                                            _MARGIN + (north - xy[:, 1]) * scale])
    ), object)  # fmt: skip
    body = []
    for name, (fill, _) in colours.items():
        paths = "".join(_path(one) for one, own in zip(drawn, classes, strict=True) if own == name)
        body.append(f'<path d="{paths}" fill="{fill}" fill-rule="evenodd"/>')
    for at, words in (labels or {}).items():
        x, y = shapely.get_coordinates(shapely.point_on_surface(drawn[at]))[0]
        body.append(f'<text x="{x:.1f}" y="{y:.1f}" class="l">{escape(words)}</text>')
    bottom = _MARGIN + (north - south) * scale
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {bottom + 58:.0f}">'
        "<style>path{stroke:#fff;stroke-width:.4}text{font:12px sans-serif}"
        ".l{text-anchor:middle;font-weight:bold;paint-order:stroke;stroke:#fff;stroke-width:3}"
        f"</style>{''.join(body)}{_scale_bar(scale, bottom)}{_legend(colours, bottom)}</svg>"
    )


def _path(shape: shapely.Geometry) -> str:
    rings = shapely.get_rings(shape)
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(ring)[:-1]) + "Z"
        for ring in rings
    )


def _scale_bar(scale: float, bottom: float) -> str:
    """A bar of a round number of metres, at most a fifth of the map long."""
    most = _WIDTH / 5 / scale
    power = 10 ** np.floor(np.log10(most))
    length = power * max(step for step in (1, 2, 5) if step * power <= most)
    words = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    y, end = bottom + 14, _MARGIN + length * scale
    return (
        f'<path d="M{_MARGIN} {y}H{end:.1f}" style="stroke:#222;stroke-width:2"/>'
        f'<text x="{end + 6:.1f}" y="{y + 4}">{words}</text>'
    )


def _legend(colours: Mapping[str, tuple[str, str]], bottom: float) -> str:
    wide, y = (_WIDTH - 2 * _MARGIN) / max(len(colours), 1), bottom + 30
    return "".join(
        f'<rect x="{_MARGIN + n * wide:.0f}" y="{y}" width="14" height="14" fill="{fill}"/>'
        f'<text x="{_MARGIN + n * wide + 20:.0f}" y="{y + 12}">{escape(words)}</text>'
        for n, (fill, words) in enumerate(colours.values())
    )
