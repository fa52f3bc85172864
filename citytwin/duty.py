"""The duty officer's part of City: alerts, cases, incidents, indicators, places, cameras."""

from typing import TYPE_CHECKING, Any

import httpx

from citytwin.answers import check

if TYPE_CHECKING:
    import pandas as pd

type Document = dict[str, Any]


class Duty:
    """What City can do about what is wrong."""

    _http: httpx.Client

    def alerts(self, **asked: Any) -> "pd.DataFrame":
        """Alerts open at a moment, the worst first: `at`, `known_at`, `least`, `closed`."""
        return self._rows("/twin/alerts", "alerts", asked)

    def alert(self, id: int) -> Document:
        """An alert with its changes of level and its notes."""
        return self._look(f"/twin/alerts/{id}", {})

    def acknowledge(self, alert: int, text: str = "") -> Document:
        """Say that somebody sees to an alert."""
        return self._send(f"/twin/alerts/{alert}/notes", {"kind": "acknowledge", "text": text})

    def put_rule(self, name: str, rule: Document, since: str | None = None) -> Document:
        """Let a rule hold from a moment (now) on. Needs a token to administer."""
        return self._send(f"/twin/rules/{name}", rule | _told(since=since), "PUT")

    def back_test(
        self, rule: Document, start: str | None = None, end: str | None = None
    ) -> Document:
        """How often and how long a rule would have called each level, a week back by default."""
        return self._send("/twin/back-test", rule | _told(**{"from": start, "to": end}))

    def back_test_picture(
        self, rule: Document, start: str | None = None, end: str | None = None
    ) -> str:
        """The same as a picture over time, an SVG."""
        body = rule | _told(**{"from": start, "to": end})
        answer = self._http.post("/twin/back-test", params={"f": "svg"}, json=body)
        check(answer)
        return answer.text

    def cases(self, **asked: Any) -> "pd.DataFrame":
        """Cases, the newest first: `stage`, `department`, `area`, `at`, `known_at`, `limit`."""
        return self._rows("/twin/cases", "cases", asked)

    def case(self, id: int) -> Document:
        """A case with every edition of it, and what may be the same."""
        return self._look(f"/twin/cases/{id}", {})

    def report(self, text: str, **fields: Any) -> Document:
        """A new case: `place`, `source`, `category` (files it), `area`, `at`, `alert`, `access`."""
        return self._send("/twin/cases", {"text": text} | _told(**fields))

    def act(self, case: int, action: str, **fields: Any) -> Document:
        """An action on a case: file, dispatch, answer, return, close, correct and so on."""
        return self._send(f"/twin/cases/{case}/{action}", _told(**fields))

    def crews(self, case: int, **asked: Any) -> "pd.DataFrame":
        """The crews that reach a case soonest: `layer` (vehicles), `network`, `limit`."""
        return self._rows(f"/twin/cases/{case}/crews", "crews", asked)

    def case_rates(
        self, start: str, end: str, by: str | None = None, known_at: str | None = None
    ) -> "pd.DataFrame":
        """How cases of a period went, as known: the on-time rate and its sisters."""
        asked = {"from": start, "to": end, "by": by, "known_at": known_at}
        return self._rows("/twin/case-rates", "rates", asked)

    def incidents(self, **asked: Any) -> "pd.DataFrame":
        """The incidents of a moment, the newest first: `at`, `closed`."""
        return self._rows("/twin/incidents", "incidents", asked)

    def incident(self, id: int) -> Document:
        """An incident with what it gathers, its tasks and its log."""
        return self._look(f"/twin/incidents/{id}", {})

    def coordinate(self, incident: int, action: str, **fields: Any) -> Document:
        """Do something about it: gather, comment, task, acknowledge, done, escalate, close."""
        return self._send(f"/twin/incidents/{incident}/{action}", _told(**fields))

    def indicators(self, **asked: Any) -> "pd.DataFrame":
        """The city's vital signs with targets, lights, trends: `at`, `known_at`, `by`, `name`."""
        return self._rows("/twin/indicators", "indicators", asked)

    def freshness(self, **asked: Any) -> "pd.DataFrame":
        """Which sources are silent, and since when: `silent` in seconds, `at`."""
        return self._rows("/twin/freshness", "sources", asked)

    def geocode(self, text: str, **asked: Any) -> "pd.DataFrame":
        """Places that a text may mean, the likest first: `limit`, `layer`, `at`."""
        return self._rows("/geocode", "places", {"text": text} | asked)

    def reverse_geocode(self, lon: float, lat: float, **asked: Any) -> "pd.DataFrame":
        """What a place is called: `reach` in metres."""
        return self._rows("/geocode/reverse", "places", {"place": f"{lon},{lat}"} | asked)

    def cameras_seeing(self, lon: float, lat: float, **asked: Any) -> "pd.DataFrame":
        """The cameras that see a place, the nearest first; `views`: the layer of what they see."""
        return self._rows("/twin/cameras", "cameras", {"sees": f"{lon},{lat}"} | asked)

    def _rows(self, path: str, part: str, asked: Document) -> "pd.DataFrame":
        import pandas as pd

        return pd.DataFrame(self._look(path, asked)[part])

    def _look(self, path: str, asked: Document) -> Document:
        words = {"datetime" if name == "at" else name: value for name, value in asked.items()}
        plain = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in words.items()
            if value is not None
        }
        answer = self._http.get(path, params=plain)
        check(answer)
        found: Document = answer.json()
        return found

    def _send(self, path: str, body: Document, method: str = "POST") -> Document:
        answer = self._http.request(method, path, json=body)
        check(answer)
        found: Document = answer.json()
        return found


def _told(**fields: Any) -> Document:
    return {name: value for name, value in fields.items() if value is not None}
