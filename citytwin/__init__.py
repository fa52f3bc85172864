"""citytwin: any city, at any place, at any moment, in any version."""

from citytwin.client import City

__all__ = ["City"]
