"""Vertical datums: heights and levels on two of them are never mixed."""

import pandas as pd

from spatial.errors import Invalid


def same_datum(ground: str | None, told: str | None) -> None:
    """Raise Invalid where both are known and differ."""
    if ground is not None and told is not None and ground != told:
        raise Invalid(f"levels on {told} cannot be mixed with heights on {ground}: convert one")


def same_datums(ground: str | None, rows: pd.DataFrame) -> None:
    """Likewise for features that tell their own in a column `vertical_datum`."""
    if "vertical_datum" in rows:
        for told in rows["vertical_datum"].dropna().unique():
            same_datum(ground, str(told))
