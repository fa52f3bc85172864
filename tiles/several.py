"""Several layers in one tile: the tiles of each, one after another, which the format allows."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from spatial.digest import digest
from spatial.errors import Invalid
from tiles.server import Tile, TileServer, Wanted, matches

MOST = 32
ANY = "*"
_TRIES = 3


def names_of(text: str) -> list[str]:
    """The layers that a list with commas names, each once; raises Invalid for more than MOST."""
    names = list(dict.fromkeys(filter(None, text.split(",")))) or [text]
    if len(names) > MOST:
        raise Invalid(f"a tile holds at most {MOST} layers, not {len(names)}")
    return names


async def tile_of(
    server: TileServer, wanted: Wanted, names: Sequence[str], known_etag: str | None = None
) -> Tile:
    """A tile with these layers at one edition of the books, in their order.

    `wanted` says the rest; its filter and attributes go for each layer.
    Raises NotFound for the first that the grant does not see.
    """
    parts = [replace(wanted, layer=name) for name in names]
    if len(parts) == 1:
        return await server.tile(parts[0], known_etag)
    # a copy of anything will do: the tags alone are asked for
    marks = [await server.tile(part, ANY) for part in parts]
    if matches(known_etag, _etag(marks)):
        return Tile(None, _etag(marks), marks[0].asof)
    for _ in range(_TRIES):
        made = await asyncio.gather(*(server.tile(part) for part in parts))
        if len({one.asof.known_at for one in made}) == 1:
            break
    return Tile(b"".join(one.data or b"" for one in made), _etag(made), made[0].asof)


def _etag(parts: Sequence[Tile]) -> str:
    return f'"{digest("".join(part.etag for part in parts).encode())[7:31]}"'
