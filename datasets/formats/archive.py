"""Archives, unpacked into a private folder within bounds; what leads out of it is refused."""

import gzip
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO, Any

from datasets.formats import text
from datasets.formats.folder import Folder
from spatial.errors import Rejected

MOST_ENTRIES = 5_000
MOST_TIMES = 200
"""How many times larger than packed a member may be; maps reach 30."""
HARMLESS = 16 << 20
_BLOCK = 1 << 20
_UTF8 = 0x800
_IGNORED = ("__MACOSX", ".DS_Store", "Thumbs.db")


def unpack(path: Path) -> Path:
    """The folder of an archive's files; raises Rejected for one that is a trap."""
    with zipfile.ZipFile(path) as archive:
        members = members_of(archive, path.name)
        folder = Folder().file("files")
        folder.mkdir()
        for name, member in members.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, place.open("xb") as target:
                _copy(source, target, member.compress_size, path.name)
    return folder


def members_of(archive: zipfile.ZipFile, title: str) -> dict[str, zipfile.ZipInfo]:
    """The files of an archive by name, checked; `title` is what to call it."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise Rejected(f"'{title}' holds {len(entries)} files: at most {MOST_ENTRIES} are taken")
    members: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = _name(entry)
        place = PurePosixPath(name.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or ":" in place.parts[:1]:
            raise Rejected(f"'{title}' holds '{name}', which leads out of the archive")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise Rejected(f"'{title}' holds a link, '{name}': pack the file that it means")
        if entry.flag_bits & 1:
            raise Rejected(f"'{title}' is encrypted: unpack it first")
        if entry.is_dir() or any(part in _IGNORED for part in place.parts):
            continue
        if str(place) in members:
            raise Rejected(f"'{title}' holds two files named '{place}'")
        members[str(place)] = entry
    if sum(member.file_size for member in members.values()) > _room():
        raise Rejected(f"'{title}' is too large to unpack here")
    for name, member in members.items():
        _bound(member.file_size, member.compress_size, f"'{name}' in '{title}'")
    return members


def gunzip(path: Path) -> Path:
    """A .gz file, unpacked."""
    place = Folder().file(path.stem)
    with gzip.open(path) as source, place.open("wb") as target:
        _copy(source, target, path.stat().st_size, path.name)
    return place


def _name(entry: zipfile.ZipInfo) -> str:
    """A member's name; without the mark of UTF-8 it is often GBK, read by zipfile as CP437."""
    if entry.flag_bits & _UTF8 or entry.filename.isascii():
        return entry.filename
    raw = entry.filename.encode("cp437", "replace")
    for encoding in ("utf-8", text.guess(raw)):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _copy(source: Any, target: IO[bytes], packed: int, title: str) -> None:
    size = 0
    while block := source.read(_BLOCK):
        size += len(block)
        _bound(size, packed, f"'{title}'")
        target.write(block)


def _bound(size: int, packed: int, what: str) -> None:
    if size > HARMLESS and size > MOST_TIMES * max(packed, 1):
        raise Rejected(f"{what} unpacks to more than {MOST_TIMES} times its size: not taken")


def _room() -> int:
    return shutil.disk_usage(tempfile.gettempdir()).free // 2
