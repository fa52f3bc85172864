"""The tables of incidents, warnings and responses, in schema `city`."""

from datetime import datetime
from typing import Any

from sqlalchemy import Double, ForeignKey, Identity, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import TSTZRANGE
from sqlalchemy.orm import Mapped, mapped_column

from spatial.models import Base


class IncidentRow(Base):
    """What belongs together in place and time."""

    __tablename__ = "incident"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    title: Mapped[str]
    tier: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    lon: Mapped[float | None] = mapped_column(Double)
    lat: Mapped[float | None] = mapped_column(Double)
    area: Mapped[str | None]
    access: Mapped[str]


class IncidentItemRow(Base):
    """Something that an incident gathers."""

    __tablename__ = "incident_item"
    __table_args__ = (Index("incident_item_ref", "kind", "ref"),)

    incident_id: Mapped[int] = mapped_column(
        ForeignKey("city.incident.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    author: Mapped[str]


class IncidentTaskRow(Base):
    """What a department is asked to do."""

    __tablename__ = "incident_task"
    __table_args__ = (Index("incident_task_incident", "incident_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("city.incident.id", ondelete="CASCADE"))
    department: Mapped[str]
    text: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    due_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]


class IncidentLogRow(Base):
    """An entry of a log that is only added to."""

    __tablename__ = "incident_log"
    __table_args__ = (Index("incident_log_incident", "incident_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("city.incident.id"))
    at: Mapped[datetime]
    author: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]


class WarningRow(Base):
    """An official warning, by an edition of the books."""

    __tablename__ = "warning"
    __table_args__ = (
        Index(
            "warning_believed", "issuer", "number", unique=True,
            postgresql_where=text("upper_inf(recorded)"),
        ),
    )  # fmt: skip

    version: Mapped[int] = mapped_column(Identity(), primary_key=True)
    number: Mapped[str]
    kind: Mapped[str]
    level: Mapped[int] = mapped_column(SmallInteger)
    issuer: Mapped[str]
    text: Mapped[str]
    valid: Mapped[Any] = mapped_column(TSTZRANGE, nullable=False)
    recorded: Mapped[Any] = mapped_column(TSTZRANGE, nullable=False)
    area: Mapped[str | None]
    access: Mapped[str]
    changed_by: Mapped[str]


class ResponseRow(Base):
    """A response level that somebody set."""

    __tablename__ = "response"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    level: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime]
    recorded: Mapped[datetime]
    author: Mapped[str]
    reason: Mapped[str]
    area: Mapped[str | None]
    access: Mapped[str] = mapped_column(server_default="public")
