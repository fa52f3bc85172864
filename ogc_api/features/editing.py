"""Editing over HTTP (OGC API Features, Part 4), onto the time-indexed tables.

A write holds from now on unless it says otherwise: `time.interval` of the body, or `datetime`. An
instant writes from then to the end of the state that held; an interval corrects that period.
"""

from collections.abc import Iterator, Set
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ogc_api import context
from ogc_api.features import draft
from ogc_api.features.draft import Draft
from ogc_api.features.items import identity
from spatial.catalogue import find_visible
from spatial.edit import Editor, edit
from spatial.errors import Conflict, Gone, Invalid
from spatial.period import Period
from spatial.query import snapshot

MAX_BODY = 64 * 2**20


def create(layer: str, body: bytes, content_crs: str | None) -> int:
    """A new feature; returns its fid."""
    sent = draft.read(body, content_crs, context.zone.get(), whole=True)
    with _editor(layer) as editor:
        sent = sent.timed(editor.layer, context.zone.get())
        sent.check(editor.layer)
        when = sent.period or _when(editor)
        period = when if isinstance(when, Period) else Period(when)
        return editor.insert(sent.properties, sent.geometry, sent.srid, period)


def replace(
    layer: str, fid: str, body: bytes, content_crs: str | None, expected: Set[int] | None
) -> None:
    """All values of a feature; an attribute that is left out becomes null.

    Within a period also where it was not there: that extends its life, or begins another.
    """
    sent = draft.read(body, content_crs, context.zone.get(), whole=True)
    with _editor(layer) as editor:
        sent = sent.timed(editor.layer, context.zone.get())
        values = dict.fromkeys(editor.layer.column_names) | sent.properties
        (number, version), when = identity(layer, fid), sent.period or _when(editor)
        if isinstance(when, datetime) or version is not None or sent.geometry is None:
            _write(editor, (number, version), sent, values, expected)
            return
        sent.check(editor.layer)
        try:
            _expect(editor, number, when, expected)
        except Gone:  # what is not there in that period is put there
            if expected is not None:
                raise
        editor.put(number, when, values, sent.geometry, sent.srid)


def update(
    layer: str, fid: str, body: bytes, content_crs: str | None, expected: Set[int] | None
) -> None:
    """Those values of a feature that are sent; the others stay."""
    sent = draft.read(body, content_crs, context.zone.get(), whole=False)
    with _editor(layer) as editor:
        _write(editor, identity(layer, fid), sent, sent.properties, expected)


def remove(layer: str, fid: str, expected: Set[int] | None) -> None:
    """From an instant on the feature is no more; what it was stays on the books."""
    with _editor(layer) as editor:
        when = _when(editor)
        if isinstance(when, Period):
            raise Invalid("a feature is removed from an instant on: write one as datetime")
        number, version = identity(layer, fid)
        _expect(editor, number, when, _named(version, expected))
        editor.remove(number, at=when)


def require_visible(layer: str) -> None:
    """Raise NotFound where the caller may see nothing of the layer."""
    with snapshot(context.database.get()) as pg:
        find_visible(pg, layer, context.grant.get())


@contextmanager
def _editor(layer: str) -> Iterator[Editor]:
    asof, grant = context.asof.get(), context.grant.get()
    if asof.known_at is not None:
        raise Invalid("known_at is for reading: an edition of the books cannot be written again")
    with edit(
        context.database.get(), layer, author=grant.subject, scenario=asof.scenario, grant=grant
    ) as editor:
        yield editor


def _write(
    editor: Editor,
    named: tuple[int, int | None],
    sent: Draft,
    values: dict[str, Any],
    expected: Set[int] | None,
) -> None:
    sent.check(editor.layer)
    (fid, version), when = named, sent.period or _when(editor)
    _expect(editor, fid, when, _named(version, expected))
    if isinstance(when, datetime):
        editor.update(fid, values, sent.geometry, sent.srid, at=when)
        return
    if version is not None:  # of the states that the period meets, this one alone
        states = {state.version: Period(state.start, state.end) for state in editor.life(fid)}
        when = when.meet(states[version])
    editor.correct(fid, when, values, sent.geometry, sent.srid)


def _named(version: int | None, expected: Set[int] | None) -> Set[int] | None:
    """The versions that will do, where the address may name one itself."""
    if version is None:
        return expected
    return {version} if expected is None else {version} & expected


def _when(editor: Editor) -> datetime | Period:
    """The instant or period that the address names; without one, now."""
    period = draft.asked_period(context.query.get().get("datetime"), context.zone.get())
    if period is not None:
        return period
    at = context.asof.get().valid_at
    return at if isinstance(at, datetime) else editor.stamp


def _expect(editor: Editor, fid: int, when: datetime | Period, expected: Set[int] | None) -> None:
    """Raise as reading would where nothing is there, Conflict where it is not what was seen."""
    seen = editor.seen(fid, when)
    if expected is not None and expected.isdisjoint(seen):
        raise Conflict(f"feature {fid} was changed by somebody else: read it again")
