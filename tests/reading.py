"""What a file gives, without a database: rows, reasons and geometries of each layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import shapely

from datasets.vector import SourceLayer, open_source


@dataclass(frozen=True)
class Given:
    """All of a layer."""

    layer: SourceLayer
    rows: list[dict[str, Any]]
    geoms: Sequence[Any]
    reasons: list[str]


def given(path: Path, **options: Any) -> dict[str, Given]:
    """Every layer of a file by its name."""
    return {layer.name: _all(layer) for layer in open_source(path, **options)}


def only(path: Path, **options: Any) -> Given:
    """The one layer of a file."""
    (layer,) = given(path, **options).values()
    return layer


def _all(layer: SourceLayer) -> Given:
    batches = list(layer.batches())
    reasons = [rejection.reason for batch in batches for rejection in batch.rejected]
    tables = [batch.table for batch in batches]
    table = pa.concat_tables(tables) if tables else pa.table({"geom": []})
    geoms = shapely.from_wkb(table["geom"].to_numpy())
    return Given(layer, table.drop_columns(["geom"]).to_pylist(), geoms, reasons)
