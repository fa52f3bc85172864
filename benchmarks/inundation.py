"""Inundation against landlab's OverlandFlow, all wet: `python -m benchmarks.inundation`."""

import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import environment
from spatial.hydrology.shallow.ground import Ground
from spatial.hydrology.shallow.series import Series
from spatial.hydrology.shallow.solve import Flood

SIDE, DX, STEPS, TIMES = 1000, 10.0, 40, 3
_PEER = Path(__file__).with_name("overland_flow.py")


def main() -> dict[str, float]:
    """Million cells × steps in a second: landlab's, ours on one thread and on two."""
    told: dict[str, list[float]] = {"landlab": [], "one thread": [], "two threads": []}
    python = environment()
    for _ in range(TIMES):
        told["landlab"].append(peer(python))
        told["one thread"].append(ours(1))
        told["two threads"].append(ours(2))
    best = {name: max(values) for name, values in told.items()}
    one, two = best["one thread"], best["two threads"]
    print(
        f"{SIDE * SIDE:,} wet cells, rain, soil and drains: {one:.1f} M cell-steps/s, "
        f"landlab {best['landlab']:.1f}: {one / best['landlab']:.1f} times; "
        f"two threads {two:.1f}: {two / one:.2f} times one; with a hundredth wet "
        f"{pond() / one:.0f} times as many cells"
    )
    return best


def ours(threads: int) -> float:
    """A metre of water everywhere on rough ground, with everything on."""
    return _rate(1.0, threads, Series.constant(1e-5))


def pond() -> float:
    """The same plain but for a pond of a hundredth of it, without rain: cells of the whole."""
    depth = np.zeros((SIDE, SIDE))
    depth[: SIDE // 10, : SIDE // 10] = 1.0
    return _rate(depth, 1, Series.constant(0.0))


def _rate(depth: Any, threads: int, rain: Series) -> float:
    bed = np.random.default_rng(1).uniform(0, 0.2, (SIDE, SIDE))
    flood = Flood(Ground.of(bed, DX, 0.03, infiltration=5.0, drainage=5.0), rain)
    state = flood.start(depth)
    flood.advance(state, 1.0, threads=threads)
    began, steps = time.perf_counter(), state.steps
    flood.advance(state, 1.0 + STEPS * 2.0, threads=threads)
    return SIDE * SIDE * (state.steps - steps) / (time.perf_counter() - began) / 1e6


def peer(python: Path) -> float:
    """landlab's, in its own environment."""
    words = [str(python), str(_PEER), str(SIDE), str(DX), str(STEPS)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    main()
