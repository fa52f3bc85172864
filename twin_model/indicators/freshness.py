"""Freshness: which sources are silent, and since when."""

from datetime import datetime
from typing import Any

import numpy as np

from spatial import catalogue
from spatial.asof import AsOf, format_instant
from spatial.database import Database
from spatial.errors import Invalid
from spatial.grant import Grant
from spatial.query import snapshot
from twin_model import packed
from twin_model.presence import Wanted
from twin_model.state import state

NAMED = 20


def freshness(
    database: Database, asof: AsOf, grant: Grant, silent_s: float = 3600.0
) -> list[dict[str, Any]]:
    """Of every layer of assets and property, how many series there are and are silent.

    silent: no reading in so many seconds before the moment; those that are so for longest are
    named. A series without any reading yet is silent, `since` nothing.
    """
    if not silent_s > 0:
        raise Invalid("silent is a number of seconds above nothing")
    held = state(database, asof, grant, Wanted())
    with snapshot(database) as pg:
        layers = {one.id: one for one in catalogue.layers(pg, grant)}
    known, at = held.roll, held.moment.valid_at
    assert isinstance(at, datetime)
    there = np.isin(known.series_asset, held.assets) & (known.series_scenario == 0)
    newest = np.full(len(known.by_id), np.iinfo(np.int64).min)
    newest[held.places] = held.values.at
    groups: dict[tuple[int, str], list[int]] = {}
    for place in np.flatnonzero(there).tolist():
        series = known.by_id[place]
        groups.setdefault((int(known.layer_id[series.asset]), series.property), []).append(place)
    since = packed.micros(at) - silent_s * 1e6
    told = []
    for (layer_id, observed), places in sorted(groups.items()):
        if layer_id not in layers:
            continue
        layer, times = layers[layer_id], newest[places]
        silent = np.array(places)[np.argsort(times, kind="stable")][: int((times < since).sum())]
        told.append(
            {
                "layer": layer.name, "layer_zh": layer.title_zh, "layer_en": layer.title_en,
                "property": observed, "series": len(places), "silent": len(silent),
                "newest": _told(int(times.max())),
                "assets": [
                    {
                        "asset": known.names[known.by_id[place].asset],
                        "since": _told(int(newest[place])),
                    }
                    for place in silent[:NAMED].tolist()
                ],
            }
        )  # fmt: skip
    return told


def _told(micros: int) -> str | None:
    return None if micros == np.iinfo(np.int64).min else format_instant(packed.moment(micros))
