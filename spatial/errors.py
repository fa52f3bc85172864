"""What can go wrong, as one family. Nothing here knows of HTTP.

CityError
├── Invalid          the request cannot be understood or makes no sense
│   ├── Rejected     one row, geometry or file that cannot be taken, with the reason
│   ├── TooLarge     there is more of it than is taken at once
│   └── Unsupported  it is of a kind that is not taken here
├── NotFound         no such layer, feature, scenario, analysis or job
├── Gone             it existed, but not at this moment
├── Denied           the grant does not reach that far
├── Conflict         somebody else changed it first, or two plans disagree
│   └── Closed       it is finished, and takes no more changes
├── Unavailable      the database or a worker cannot be reached now
└── Misconfigured    the machine or the settings lack something; the message names the mend
"""


class CityError(Exception):
    """Base of every error that a user may read. The message is for people."""


class Invalid(CityError):
    """The request cannot be understood or makes no sense."""


class Rejected(Invalid):
    """One row, geometry or file cannot be taken; the message says why."""


class TooLarge(Invalid):
    """There is more of it than is taken at once."""


class Unsupported(Invalid):
    """It is of a kind that is not taken here."""


class NotFound(CityError):
    """No such layer, feature, scenario, analysis or job."""


class Gone(CityError):
    """It existed, but not at the moment asked for."""


class Denied(CityError):
    """The grant does not reach that far."""


class Conflict(CityError):
    """Somebody else changed it first, or two plans disagree."""


class Closed(Conflict):
    """It is finished, and takes no more changes."""


class Unavailable(CityError):
    """The database or a worker cannot be reached now; trying again may help."""


class Misconfigured(CityError):
    """The machine or the settings lack something; the message names the mend."""
