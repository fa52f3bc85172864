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


def parts_of(wanted: Wanted, names: Sequence[str]) -> list[Wanted]:
    """What a tile with these layers is made of: its filter and attributes go for each layer."""
    return [replace(wanted, layer=name) for name in names]


def kept(server: TileServer, parts: Sequence[Wanted]) -> Tile | None:
    """The tile of these parts, if all are kept and known to be true still; nobody waits."""
    found = []
    for part in parts:
        if (one := server.kept(part)) is None:
            return None
        found.append(one)
    return found[0] if len(found) == 1 else _joined(found)


async def tile_of(
    server: TileServer, parts: Sequence[Wanted], known_etag: str | None = None
) -> Tile:
    """A tile with these parts at one edition of the books, in their order.

    Raises NotFound for the first layer that the grant does not see.
    """
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
    return _joined(made)


def _joined(made: Sequence[Tile]) -> Tile:
    return Tile(b"".join(one.data or b"" for one in made), _etag(made), made[0].asof)


def _etag(parts: Sequence[Tile]) -> str:
    return f'"{digest("".join(part.etag for part in parts).encode())[7:31]}"'
