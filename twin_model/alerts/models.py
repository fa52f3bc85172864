"""The tables of rules and alerts, in schema `city`."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Double, ForeignKey, Identity, Index, LargeBinary, SmallInteger, text
from sqlalchemy.dialects.postgresql import TSTZRANGE
from sqlalchemy.orm import Mapped, mapped_column

from spatial.models import Base


class AlertRuleRow(Base):
    """A version of a rule: true for a period, by an edition of the books."""

    __tablename__ = "alert_rule"
    __table_args__ = (
        Index(
            "alert_rule_version", "name", text("lower(valid)"), unique=True,
            postgresql_where=text("upper_inf(recorded)"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    document: Mapped[dict[str, Any]]
    valid: Mapped[Any] = mapped_column(TSTZRANGE, nullable=False)
    recorded: Mapped[Any] = mapped_column(TSTZRANGE, nullable=False)
    changed_by: Mapped[str]


class AlertRow(Base):
    """An asset out of order by a rule; one is open at most."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "alert_open", "rule", "asset_id", unique=True,
            postgresql_where=text("closed_at IS NULL AND undone IS NULL"),
        ),
        Index("alert_of_asset", "rule_id", "asset_id", "opened_at"),
        Index("alert_opened", "opened_at"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    rule: Mapped[str]
    rule_id: Mapped[int] = mapped_column(ForeignKey("city.alert_rule.id"))
    asset_id: Mapped[int] = mapped_column(ForeignKey("city.asset.id", ondelete="CASCADE"))
    level: Mapped[int] = mapped_column(SmallInteger)
    peak: Mapped[int] = mapped_column(SmallInteger)
    tier: Mapped[str] = mapped_column(server_default="community")
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    recorded: Mapped[datetime]
    undone: Mapped[datetime | None]


class AlertEventRow(Base):
    """A change of level, by an edition of the books."""

    __tablename__ = "alert_event"
    __table_args__ = (Index("alert_event_alert", "alert_id", "at"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("city.alert.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    before: Mapped[int] = mapped_column(SmallInteger)
    after: Mapped[int] = mapped_column(SmallInteger)
    value: Mapped[float | None] = mapped_column(Double)
    recorded: Mapped[Any] = mapped_column(TSTZRANGE, nullable=False)


class AlertNoteRow(Base):
    """What somebody did about an alert."""

    __tablename__ = "alert_note"
    __table_args__ = (
        Index("alert_note_alert", "alert_id", "at"),
        Index(
            "alert_note_escalation", "alert_id", "text", unique=True,
            postgresql_where=text("kind = 'escalate'"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("city.alert.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    author: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str] = mapped_column(server_default="")
    until: Mapped[datetime | None]


class AlertEngineRow(Base):
    """One row: up to which reading was judged, and the packed state of the watches."""

    __tablename__ = "alert_engine"

    id: Mapped[int] = mapped_column(primary_key=True, server_default=text("1"))
    generation: Mapped[int] = mapped_column(server_default=text("0"))
    upto: Mapped[datetime] = mapped_column(server_default=text("'-infinity'"))
    state: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''"))


class AlertUsualRow(Base):
    """The usual week of a series that a rule's deviations are from."""

    __tablename__ = "alert_usual"

    rule_id: Mapped[int] = mapped_column(
        ForeignKey("city.alert_rule.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    series: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    median: Mapped[list[float]] = mapped_column(ARRAY(Double))
    spread: Mapped[list[float]] = mapped_column(ARRAY(Double))


class NoticeRow(Base):
    """What changed in operations; its cursor is of one order with the change log's."""

    __tablename__ = "notice"

    cursor: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str]
    items: Mapped[list[dict[str, Any]]]
