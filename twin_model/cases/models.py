"""The tables of cases, in schema `city`."""

from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import Identity, Index, text
from sqlalchemy.dialects.postgresql import TSTZRANGE
from sqlalchemy.orm import Mapped, mapped_column

from spatial.models import Base

_BELIEVED = text("upper_inf(recorded)")


class CaseSettingRow(Base):
    """A calendar, category, department or assignment from a moment on, as recorded."""

    __tablename__ = "case_setting"
    __table_args__ = (
        Index("case_setting_version", "kind", "name", "since", "recorded", unique=True),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    document: Mapped[dict[str, Any]]
    since: Mapped[datetime]
    recorded: Mapped[datetime]
    changed_by: Mapped[str]


class CaseRow(Base):
    """An edition of a case."""

    __tablename__ = "case_record"
    __table_args__ = (
        Index("case_believed", "id", unique=True, postgresql_where=_BELIEVED),
        Index("case_history", "id", "version"),
        Index(
            "case_due", "due_at", postgresql_include=["recorded"],
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("case_place", "place", postgresql_using="gist", postgresql_where=_BELIEVED),
        Index("case_number", "department", "foreign_number", postgresql_where=_BELIEVED),
    )  # fmt: skip

    version: Mapped[int] = mapped_column(Identity(), primary_key=True)
    id: Mapped[int]
    recorded: Mapped[Any] = mapped_column(TSTZRANGE, nullable=False)
    action: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    changed_by: Mapped[str]
    stage: Mapped[str]
    source: Mapped[str]
    text: Mapped[str]
    category: Mapped[str | None]
    area: Mapped[str | None]
    department: Mapped[str | None]
    place: Mapped[Any | None] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    reported_at: Mapped[datetime]
    filed_at: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    extra: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    pauses: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")
    returns: Mapped[int] = mapped_column(server_default="0")
    postpones: Mapped[int] = mapped_column(server_default="0")
    mark: Mapped[int | None]
    foreign_number: Mapped[str | None]
    alert: Mapped[int | None]
    duplicate_of: Mapped[int | None]
    access: Mapped[str]
