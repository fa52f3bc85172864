"""A change matrix as a picture: classes before and after, and bands between them, as SVG."""

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _BAR, _GAP, _SIDE = 900.0, 600.0, 18.0, 6.0, 210.0
_STYLE = "text{font:12px sans-serif}.b{fill-opacity:.45}.b:hover{fill-opacity:.8}"


def sankey(flows: Sequence[tuple[str, str, float]], titles: Mapping[str, str], heading: str) -> str:
    """Flows (from, to, size ≥ 0) as bands in proportion to their sizes.

    titles: by class what stands beside its bar. What stays is drawn paler than what changes.
    """
    drawn = [flow for flow in flows if flow[2] > 0]
    whole = sum(size for *_, size in drawn) or 1.0
    left = dict.fromkeys(sorted({a for a, _, _ in drawn}), 0.0)
    right = dict.fromkeys(sorted({b for _, b, _ in drawn}), 0.0)
    for a, b, size in drawn:
        left[a] += size
        right[b] += size
    room = _HEIGHT - _GAP * max(len(left), len(right))
    scale = room / whole
    names = sorted(set(left) | set(right))
    colours = {name: f"hsl({360 * i / len(names):.0f} 55% 50%)" for i, name in enumerate(names)}
    starts, ends = _places(left, scale), _places(right, scale)
    bars = [
        _bar(_SIDE - _BAR, starts[name], size * scale, colours[name], titles[name], "end")
        for name, size in left.items()
    ] + [
        _bar(_WIDTH - _SIDE, ends[name], size * scale, colours[name], titles[name], "start")
        for name, size in right.items()
    ]
    bands = []
    for a, b, size in sorted(drawn):
        thick = size * scale
        words = f"{titles[a]} → {titles[b]}: {size / 1e4:,.2f} hm²"
        bands.append(_band(starts[a], ends[b], thick, "#bbb" if a == b else colours[a], words))
        starts[a] += thick
        ends[b] += thick
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT + 40:.0f}">'
        f"<style>{_STYLE}</style>"
        f'<text x="{_WIDTH / 2:.0f}" y="20" text-anchor="middle">{escape(heading)}</text>'
        f"{''.join(bands)}{''.join(bars)}</svg>"
    )


def _places(sizes: Mapping[str, float], scale: float) -> dict[str, float]:
    """Where each bar begins, from above."""
    places, at = {}, 34.0
    for name, size in sizes.items():
        places[name] = at
        at += size * scale + _GAP
    return places


def _bar(x: float, y: float, height: float, colour: str, words: str, anchor: str) -> str:
    beside = x - 6 if anchor == "end" else x + _BAR + 6
    return (
        f'<rect x="{x:.1f}" y="{y:.2f}" width="{_BAR}" height="{max(height, 0.5):.2f}" '
        f'fill="{colour}"/><text x="{beside:.1f}" y="{y + height / 2 + 4:.2f}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def _band(y: float, other: float, thick: float, colour: str, words: str) -> str:
    x, end = _SIDE, _WIDTH - _SIDE
    middle = (x + end) / 2
    return (
        f'<path class="b" fill="{colour}" d="M{x},{y:.2f}C{middle},{y:.2f} {middle},{other:.2f} '
        f"{end},{other:.2f}V{other + thick:.2f}C{middle},{other + thick:.2f} "
        f'{middle},{y + thick:.2f} {x},{y + thick:.2f}Z"><title>{escape(words)}</title></path>'
    )
