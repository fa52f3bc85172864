"""What is too small to be drawn by itself, as cells with counts and areas, true at any time.

`grids.<layer>` holds signed events: what the main line believes in now adds to its cell where its
valid time begins, and takes away where it ends. The sum up to a moment is the truth of it.
"""

from psycopg import sql

from spatial.layer import Layer
from tiles.bands import DETAIL, DEPTH

SCHEMA = "grids"
CELL_BITS = 7  # 128 cells along a tile's side: squares of four pixels
_BELIEVED = sql.SQL("scenario = 0 AND NOT removed AND upper_inf(recorded) AND px IS NOT NULL")
_SUMS = ("n", "area", "px", "py", "fids")


def table(layer: Layer) -> sql.Identifier:
    return sql.Identifier(SCHEMA, layer.name)
