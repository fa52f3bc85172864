"""Tables that are shipped as documented examples; a user's own go before them."""

from pathlib import Path

import pandas as pd

_PLACE = Path(__file__).parent / "data"
#: Columns that are codes or words, whatever their digits look like.
_WORDS = {"source": str, "unit": str, "purpose": str, "class": str}


def example(name: str) -> pd.DataFrame:
    """A table of `spatial/traffic/data`."""
    return pd.read_csv(_PLACE / f"{name}.csv", dtype=_WORDS)
