"""Which moments a reading may have, and which are late."""

from datetime import UTC, datetime, timedelta

from twin_model.packed import micros

EARLIEST = datetime(2001, 1, 1, tzinfo=UTC)  # broken clocks say 1970, 1980, 1999 and 2000-01-01
AHEAD = timedelta(minutes=5)  # how far a sensor's clock may be ahead of ours
LATE = timedelta(minutes=5)  # part of how readings are stored: another value needs a migration

EARLIEST_US, AHEAD_US, LATE_US = micros(EARLIEST), AHEAD // timedelta(microseconds=1), 300_000_000
