"""From what went wrong to an HTTP status and an OGC exception code: the one table."""

from spatial.errors import (
    CityError,
    Conflict,
    Denied,
    Gone,
    Invalid,
    NotFound,
    Rejected,
    TooLarge,
    Unavailable,
    Unsupported,
)

STATUS: dict[type[CityError], tuple[int, str]] = {
    Rejected: (422, "InvalidParameterValue"),
    TooLarge: (413, "InvalidParameterValue"),
    Unsupported: (415, "InvalidParameterValue"),
    Invalid: (400, "InvalidParameterValue"),
    NotFound: (404, "NotFound"),
    Gone: (410, "Gone"),
    Denied: (403, "Forbidden"),
    Conflict: (412, "PreconditionFailed"),
    Unavailable: (503, "ServiceUnavailable"),
    CityError: (500, "NoApplicableCode"),
}


def status_of(error: CityError) -> tuple[int, str]:
    """HTTP status and OGC exception code of an error, by its nearest listed ancestor."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def body_of(error: CityError) -> dict[str, str]:
    """The OGC exception document of an error."""
    _, code = status_of(error)
    return {"code": code, "type": code, "description": str(error)}
