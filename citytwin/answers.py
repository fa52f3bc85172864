"""Answers of the service to its client, and its refusals as errors."""

import httpx


class CityError(Exception):
    """The service said no; the message is its own."""


def check(answer: httpx.Response) -> None:
    """Raise CityError with the service's words unless it answered well."""
    if answer.is_success:
        return
    try:
        reason = answer.json().get("description") or answer.text
    except ValueError:
        reason = answer.text
    raise CityError(f"{answer.status_code}: {reason}")


def uri(code: int) -> str:
    """The OGC URI of an EPSG code."""
    return f"http://www.opengis.net/def/crs/EPSG/0/{code}"
