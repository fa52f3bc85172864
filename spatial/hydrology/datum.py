"""Vertical datums: heights and levels on two of them are never mixed."""

from spatial.errors import Invalid


def same_datum(ground: str | None, told: str | None) -> None:
    """Raise Invalid where both are known and differ."""
    if ground is not None and told is not None and ground != told:
        raise Invalid(f"levels on {told} cannot be mixed with heights on {ground}: convert one")
