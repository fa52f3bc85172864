"""The names of a layer's features and where they are; kept by each process while it stays so."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
import shapely

from spatial.crs import WGS84, transformer
from spatial.database import Database, Pg
from spatial.frame import fetch
from spatial.geocode.grams import Floats, Grams, Integers, plain
from spatial.layer import Layer
from spatial.query import Reading

KEPT = 64
ZH = ("address_zh", "name_zh", "address", "地址", "name", "名称", "title", "mc", "xzqmc", "zldwmc")
EN = ("address_en", "name_en")
CODE = ("code", "bgcode", "编码")


@dataclass(frozen=True)
class Gazetteer:
    """n names: (n,) zh, en, fid, whether it is an area; (n, 2) a place; (n, 4) a box, in degrees.

    Features of one name are one entry: a street of many edges is in its middle. `entry` tells of
    each text of the index the entry that it names.
    """

    layer: Layer
    zh: list[str]
    en: list[str]
    fid: Integers
    place: Floats
    box: Floats
    texts: list[str]
    entry: Integers
    index: Grams


def named_by(layer: Layer) -> tuple[str | None, str | None]:
    """The columns of a layer's names in Chinese (or any one) and English; a code where no name."""
    columns = {one.name.lower(): one.name for one in layer.columns if one.type == "text"}
    columns |= {one.title.lower(): one.name for one in layer.columns if one.type == "text"}

    def first(wanted: tuple[str, ...]) -> str | None:
        return next((columns[name] for name in wanted if name in columns), None)

    return first(ZH) or (None if first(EN) else first(CODE)), first(EN)


_kept: OrderedDict[Hashable, Gazetteer] = OrderedDict()
_lock = Lock()


def gazetteer(database: Database, pg: Pg, view: Reading) -> Gazetteer:
    """The names of a reading, as kept or read now."""
    moment = view.moment
    when: Any = None if view.present else (moment.valid_at, moment.known_at)
    key = database.conninfo, view.edition, moment.scenario_id, when
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = of_frame(view.layer, fetch(database, pg, view, _columns(view.layer)))
    with _lock:
        _kept[key] = found
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def _columns(layer: Layer) -> list[str]:
    return [name for name in named_by(layer) if name]


def of_frame(layer: Layer, frame: Any) -> Gazetteer:
    """The names of features with fid and geometry in the layer's CRS."""
    shapes = np.asarray(frame.geometry, object)
    frame = frame[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    shapes = np.asarray(frame.geometry, object)
    zh, en = (
        frame[name].fillna("").astype(str).to_numpy(object) if name else np.full(len(frame), "")
        for name in named_by(layer)
    )
    group, first = pd.factorize(pd.Series(zh) + "\n" + pd.Series(en))
    count = len(first)
    middle = shapely.get_coordinates(shapely.point_on_surface(shapes))
    size = np.maximum(np.bincount(group, minlength=count), 1)
    mean = np.column_stack([np.bincount(group, middle[:, k], count) / size for k in (0, 1)])
    far = np.hypot(*(middle - mean[group]).T)
    order = np.lexsort((far, group))
    chosen = order[np.unique(group[order], return_index=True)[1]]
    box = np.tile([np.inf, np.inf, -np.inf, -np.inf], (count, 1))
    bounds = shapely.bounds(shapes)
    np.minimum.at(box[:, :2], group, bounds[:, :2])
    np.maximum.at(box[:, 2:], group, bounds[:, 2:])
    move = transformer(layer.srid, WGS84)
    corners = [np.column_stack(move.transform(box[:, k], box[:, k + 1])) for k in (0, 2)]
    words = [[plain(one) for one in names[chosen]] for names in (zh, en)]
    texts = [text for names in words for text in names if text]
    entry = np.array([n for names in words for n, text in enumerate(names) if text], np.int64)
    return Gazetteer(
        layer,
        zh[chosen].tolist(),
        en[chosen].tolist(),
        frame["fid"].to_numpy(np.int64)[chosen],
        np.column_stack(move.transform(*middle[chosen].T)),
        np.column_stack(corners),
        texts,
        entry,
        Grams.of(texts),
    )
