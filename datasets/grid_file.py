"""NetCDF files and Zarr stores, opened only where nothing in them leads out of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr

from spatial.errors import CityError, Misconfigured, Rejected

_CLASSIC = (b"CDF\x01", b"CDF\x02")
_HDF5 = b"\x89HDF\r\n\x1a\n"
# codecs that only unpack numbers; others, such as pickle, can run what they read
_CODECS = frozenset(
    (
        "blosc", "zstd", "gzip", "zlib", "lz4", "bz2", "lzma", "shuffle", "delta", "crc32c",
        "crc32", "fixedscaleoffset", "bytes", "transpose", "sharding_indexed", "vlen-utf8",
    )
)  # fmt: skip


@contextmanager
def opened(source: Path) -> Iterator[xr.Dataset]:
    """The dataset of a file, lazy, CF conventions decoded.

    Raises Rejected for what is damaged, unknown, or names data elsewhere.
    """
    if not source.exists():
        raise Rejected(f"there is no file '{source.name}'")
    try:
        with _engine(source) as dataset:
            yield dataset
    except CityError:
        raise
    except MemoryError:
        raise Rejected(f"'{source.name}' claims more than fits into memory") from None
    except Exception as error:  # the readers raise anything at a damaged file
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Rejected(
            f"'{source.name}' cannot be read: {what.replace(str(source.parent), '')[:200]}"
        ) from None


def _engine(source: Path) -> Any:
    if source.is_dir():
        _check_zarr(source)
        return xr.open_zarr(source, chunks=None, consolidated=False)
    with source.open("rb") as file:
        start = file.read(8)
    if start[:4] in _CLASSIC:
        return xr.open_dataset(source, engine="scipy")
    if start == _HDF5:
        _check_hdf5(source)
        return xr.open_dataset(source, engine="h5netcdf")
    raise Rejected(f"'{source.name}' is no NetCDF file")


def _check_hdf5(source: Path) -> None:
    try:
        import h5py
    except ImportError:
        raise Misconfigured("NetCDF-4 needs the package h5py: pip install h5py") from None

    def refuse_elsewhere(group: Any) -> None:
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise Rejected(f"'{source.name}': '{name}' leads to another file")
            if isinstance(link, h5py.SoftLink):
                continue
            found = group[name]
            if isinstance(found, h5py.Dataset) and (found.external or found.is_virtual):
                raise Rejected(f"'{source.name}': the values of '{name}' are in another file")
            if isinstance(found, h5py.Group):
                refuse_elsewhere(found)

    with h5py.File(source, "r") as file:
        refuse_elsewhere(file)


def _check_zarr(source: Path) -> None:
    import zarr

    if any(path.is_symlink() for path in (source, *source.rglob("*"))):
        raise Rejected(f"'{source.name}' holds links to other places")
    group = zarr.open_group(source, mode="r", use_consolidated=False)
    for name, array in group.members(max_depth=None):
        if isinstance(array, zarr.Group):
            continue
        unknown = sorted(_codecs(array) - _CODECS)
        if array.dtype.kind == "O" or unknown:
            what = unknown[0] if unknown else "objects"
            raise Rejected(f"'{source.name}': '{name}' is packed by '{what}', which is not read")


def _codecs(array: Any) -> set[str]:
    said = array.metadata.to_dict()
    packed = [*(said.get("codecs") or ()), *(said.get("filters") or ()), said.get("compressor")]
    names = {str(one.get("id") or one.get("name")) for one in map(_plain, packed) if one}
    return {name.removeprefix("numcodecs.") for name in names}


def _plain(codec: Any) -> dict[str, Any]:
    if codec is None:
        return {}
    if isinstance(codec, dict):
        return codec
    plain: dict[str, Any] = codec.get_config() if hasattr(codec, "get_config") else codec.to_dict()
    return plain
