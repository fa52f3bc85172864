"""From what went wrong to an HTTP status and an OGC exception: the one table."""

from spatial.errors import (
    CityError,
    Closed,
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

_PROCESSES = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"


class NoSuchProcess(NotFound):
    """No analysis has this name."""


class NoSuchJob(NotFound):
    """The caller has no such job."""


class ResultNotReady(NotFound):
    """The job has not finished yet."""


class Elsewhen(Gone):
    """It is not there at that moment; `link` is a Link header that leads to when it is."""

    def __init__(self, message: str, link: str) -> None:
        super().__init__(message)
        self.link = link


STATUS: dict[type[CityError], tuple[int, str]] = {
    Rejected: (422, "InvalidParameterValue"),
    TooLarge: (413, "InvalidParameterValue"),
    Unsupported: (415, "InvalidParameterValue"),
    Invalid: (400, "InvalidParameterValue"),
    NotFound: (404, "NotFound"),
    Gone: (410, "Gone"),
    Denied: (403, "Forbidden"),
    Closed: (409, "Conflict"),
    Conflict: (412, "PreconditionFailed"),
    Unavailable: (503, "ServiceUnavailable"),
    CityError: (500, "NoApplicableCode"),
}
#: Where a standard names the exception itself.
TYPES: dict[type[CityError], str] = {
    NoSuchProcess: f"{_PROCESSES}/no-such-process",
    NoSuchJob: f"{_PROCESSES}/no-such-job",
    ResultNotReady: f"{_PROCESSES}/result-not-ready",
}


def status_of(error: CityError) -> tuple[int, str]:
    """HTTP status and OGC exception code of an error, by its nearest listed ancestor."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def body_of(error: CityError) -> dict[str, str | int]:
    """The OGC exception document of an error; `detail` is the same text by RFC 7807's name."""
    status, code = status_of(error)
    return {
        "code": code,
        "type": TYPES.get(type(error), code),
        "title": code,
        "status": status,
        "description": str(error),
        "detail": str(error),
    }
