"""Where the databases of tests lie."""

import shutil
import tempfile
from pathlib import Path

_MEMORY, _ROOM = Path("/dev/shm"), 8 << 30


def new_place(prefix: str) -> Path:
    """A new folder that the database's user may enter, as pytest's own are closed to it.

    In memory where there is room: a city is some hundred files, of which the disk makes a tenth as
    many in the same time.
    """
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if roomy else None))
    place.chmod(0o711)
    return place
