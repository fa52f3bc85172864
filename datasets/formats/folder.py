"""A private folder for what must be unpacked, transcoded or kept apart from its neighbours."""

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any


class Folder:
    """A new folder, removed when the last of the paths that it gave is forgotten."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="citytwin-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def file(self, name: str) -> "Held":
        """A path in this folder, which keeps it alive."""
        return Held(self.path / name, folder=self)


class Held(Path):
    """A path that holds its folder."""

    def __init__(self, *parts: Any, folder: Folder) -> None:
        super().__init__(*parts)
        self.folder = folder

    def with_segments(self, *parts: Any) -> "Held":
        return Held(*parts, folder=self.folder)
