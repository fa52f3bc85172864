"""Whose readings a token may write: those of assets in its classes, layers and area."""

from dataclasses import replace

import numpy as np
from psycopg import sql

from spatial import catalogue
from spatial.database import Pg
from spatial.grant import EVERYBODY, NOBODY, OWNER, Grant, rule
from spatial.moment import Moment
from spatial.query import Reading
from twin_model import packed
from twin_model.resolve import NO_SERIES, Resolved
from twin_model.roll import Roll


def refuse_unwritable(pg: Pg, resolved: Resolved, roll: Roll, at: Moment, grant: Grant) -> Resolved:
    """The same, without the readings of assets that the grant may not write."""
    named = np.unique(resolved.asset[resolved.asset >= 0])
    layers = {layer.id: layer for layer in catalogue.layers(pg, OWNER)}
    writable = np.zeros(len(roll.names) + 1, bool)  # the last is for assets that are none
    for layer_id in np.unique(roll.layer_id[named]).tolist():
        layer = layers[layer_id]
        places = named[roll.layer_id[named] == layer_id]
        allowed = rule(grant, layer, writing=True)
        if allowed == EVERYBODY:
            writable[places] = True
        elif allowed != NOBODY:
            view = (
                Reading(layer, at, OWNER)
                .where(allowed)
                .where(sql.SQL("fid = ANY({}::int8[])").format(roll.fid[places].tolist()))
            )
            (fids,) = packed.select_packed(pg, view.select(sql.SQL("fid")), ["int8"])
            writable[places] = np.isin(roll.fid[places], fids)
    if writable[named].all():
        return resolved
    barred = (resolved.asset >= 0) & ~writable[resolved.asset]
    refused = dict(resolved.refused)
    for row in np.flatnonzero(barred).tolist():
        refused.setdefault(row, "there is no such asset")
    open_places = set(named[writable[named]].tolist())
    return replace(
        resolved,
        series=np.where(barred, NO_SERIES, resolved.series),
        refused=refused,
        missing={pair: said for pair, said in resolved.missing.items() if pair[0] in open_places},
    )
