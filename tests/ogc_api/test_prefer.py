"""What clients prefer, as RFC 7240 writes it."""

import pytest

from ogc_api.prefer import Preferences, preferences


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], Preferences()),
        (["respond-async"], Preferences(True)),
        (["Respond-Async"], Preferences(True)),
        (["respond-async, wait=10"], Preferences(True, 10)),
        (["respond-async", "wait=10"], Preferences(True, 10)),
        (['wait="10"; x=y, respond-async'], Preferences(True, 10)),
        (["wait=100, wait=5"], Preferences(False, 100)),
        (['foo; bar="respond-async, wait=3"'], Preferences()),
        (['foo="a, b"', "respond-async"], Preferences(True)),
        (["return=minimal; foo, handling = lenient , wait = 7"], Preferences(False, 7)),
        (["wait=soon, respond-sync"], Preferences()),
        ([",,respond-async,"], Preferences(True)),
    ],
)
def test_preferences_are_read(headers: list[str], expected: Preferences) -> None:
    assert preferences(headers) == expected


def test_how_long_to_wait_for_the_work() -> None:
    assert Preferences().patience_s(30) == 30
    assert Preferences(respond_async=True).patience_s(30) == 0
    assert Preferences(respond_async=True, wait_s=5).patience_s(30) == 5
    assert Preferences(wait_s=500).patience_s(30) == 30


def test_what_was_honoured_is_said() -> None:
    assert Preferences().applied(later=False) == {}
    both = Preferences(respond_async=True, wait_s=5)
    assert both.applied(later=True) == {"Preference-Applied": "respond-async, wait=5"}
    assert both.applied(later=False) == {"Preference-Applied": "wait=5"}
