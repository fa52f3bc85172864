"""citytwin: any city, at any place, at any moment, in any version."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from citytwin.client import City

__all__ = ["City"]


def __getattr__(name: str) -> Any:
    """City when it is asked for: its libraries take seconds that a command need not pay."""
    if name == "City":
        from citytwin.client import City

        return City
    raise AttributeError(f"module 'citytwin' has no attribute {name!r}")
