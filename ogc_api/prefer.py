"""What a client prefers (RFC 7240): to be answered later, or to wait no longer than so long."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ONE = re.compile(
    rf"\s*([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*({_QUOTED}|[^\s;,\"]*))?(?:[^,\"]|{_QUOTED})*(?:,|$)"
)


@dataclass(frozen=True, slots=True)
class Preferences:
    """respond_async: answer before the work is done; wait_s: after so many seconds at most."""

    respond_async: bool = False
    wait_s: int | None = None

    def patience_s(self, longest: float) -> float:
        """How long to wait for the work, in seconds."""
        if self.wait_s is not None:
            return min(self.wait_s, longest)
        return 0 if self.respond_async else longest

    def applied(self, *, later: bool) -> dict[str, str]:
        """The header that says which preferences were honoured."""
        kept = ["respond-async"] if self.respond_async and later else []
        if self.wait_s is not None:
            kept.append(f"wait={self.wait_s}")
        return {"Preference-Applied": ", ".join(kept)} if kept else {}


def preferences(headers: Iterable[str]) -> Preferences:
    """The preferences of every Prefer header together; of one said twice, the first counts.

    What is not known here, or makes no sense, is passed over, as the RFC asks.
    """
    said: dict[str, str] = {}
    for name, value in _ONE.findall(", ".join(headers)):
        said.setdefault(name.lower(), value.strip('"'))
    wait = re.fullmatch(r"\d{1,9}", said.get("wait", ""))
    return Preferences("respond-async" in said, int(wait[0]) if wait else None)
