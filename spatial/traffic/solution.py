"""Solutions kept, so that a changed network or demand starts from one and not from nothing."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from spatial.errors import Invalid
from spatial.traffic.demand import Demand
from spatial.traffic.equilibrium import Bushes
from spatial.traffic.graph import Graph, Integers

_PARTS = ("start", "end", "rank", "origin", "kind", "names", "first", "link", "flow")


def packed(graph: Graph, demand: Demand, bushes: Bushes, names: Sequence[str]) -> bytes:
    """The bushes, with links told by the numbers of their ends and origins by number and class.

    names: of the classes.
    """
    room = np.arange(bushes.link.shape[1]) < bushes.count[:, None]
    parts: dict[str, Any] = {
        **_identity(graph),
        "origin": graph.node[demand.origin],
        "kind": demand.kind,
        "names": np.array(names, np.str_),
        "first": np.concatenate([[0], np.cumsum(bushes.count)]),
        "link": bushes.link[room],
        "flow": bushes.flow[room],
    }
    file = io.BytesIO()
    np.savez_compressed(file, **parts)
    return file.getvalue()


def unpacked(content: bytes, graph: Graph, demand: Demand, names: Sequence[str]) -> Bushes:
    """The bushes of these origins on these links, as far as both were there.

    Links that are gone are left out; origins that are new have none. Raises Invalid for a file
    that holds no solution.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            known = {part: file[part] for part in _PARTS}
    except (ValueError, KeyError, OSError) as error:
        raise Invalid("this holds no solution of an assignment") from error
    keys = [pd.MultiIndex.from_arrays([one[part] for part in _PARTS[:3]])
            for one in (_identity(graph), known)]  # fmt: skip
    now = keys[0].get_indexer(keys[1])
    of = {
        (int(origin), str(known["names"][kind])): row
        for row, (origin, kind) in enumerate(zip(known["origin"], known["kind"], strict=True))
    }
    made = Bushes.empty(len(demand.origin), len(graph.tail))
    for row, (origin, kind) in enumerate(zip(demand.origin, demand.kind, strict=True)):
        old = of.get((int(graph.node[origin]), names[kind]))
        if old is None:
            continue
        part = slice(*known["first"][old : old + 2])
        link = now[known["link"][part]]
        there = link >= 0
        made.count[row] = size = int(there.sum())
        made.link[row, :size] = link[there]
        made.flow[row, :size] = known["flow"][part][there]
    return made


def _identity(graph: Graph) -> dict[str, Integers]:
    """(m,) of each link the numbers of its ends, and its rank among links between the same."""
    start, end = graph.node[graph.tail], graph.node[graph.head]
    rank = pd.DataFrame({"start": start, "end": end}).groupby(["start", "end"]).cumcount()
    return {"start": start, "end": end, "rank": np.asarray(rank, np.int64)}
