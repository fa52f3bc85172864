"""Made-up ground for tests of hydrology."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

type Heights = npt.NDArray[np.floating]


def hills(rows: int, columns: int, seed: int = 0) -> Heights:
    """Hills and hollows of several sizes, float32."""
    random = np.random.default_rng(seed)
    made = np.zeros((rows, columns))
    for size, height in ((24, 40.0), (8, 12.0), (2, 1.0)):
        wave = gaussian_filter(random.standard_normal((rows, columns)), size, mode="wrap")
        made += height * (wave - wave.mean()) / max(wave.std(), 1e-3)
    return made.astype(np.float32)


def terraces(rows: int, columns: int, seed: int = 0) -> Heights:
    """The hills cut into steps, so that much of the ground is flat."""
    return np.round(hills(rows, columns, seed) / 8) * 8


def pierced(heights: Heights, seed: int = 0) -> Heights:
    """With cells here and there that have no data, and one larger hole."""
    random = np.random.default_rng(seed)
    made = heights.copy()
    made[random.random(made.shape) < 0.01] = np.nan
    rows, columns = made.shape
    made[rows // 3 : rows // 3 + 4, columns // 2 : columns // 2 + 6] = np.nan
    return made
