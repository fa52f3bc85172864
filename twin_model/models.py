"""The fixed tables of the twin, in schema `city`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from spatial.models import NOW, Base


class TwinRow(Base):
    """One row: the edition of assets and series, and the newest batch of readings.

    filled: the cursor up to which late readings have keyframes.
    """

    __tablename__ = "twin"

    id: Mapped[int] = mapped_column(primary_key=True, server_default=text("1"))
    edition: Mapped[int] = mapped_column(server_default=text("0"))
    cursor: Mapped[int] = mapped_column(server_default=text("0"))
    filled: Mapped[int] = mapped_column(server_default=text("0"))
    last_recorded: Mapped[datetime] = mapped_column(server_default=text("'-infinity'"))


class AssetLayerRow(Base):
    """A layer of which every feature is an asset; roles name its columns."""

    __tablename__ = "asset_layer"

    layer_id: Mapped[int] = mapped_column(
        ForeignKey("city.layer.id", ondelete="CASCADE"), primary_key=True
    )
    class_system: Mapped[str]
    roles: Mapped[dict[str, Any]]
    cursor: Mapped[int] = mapped_column(server_default=text("0"))


class AssetRow(Base):
    """A thing of the city: a feature with a name that is unique in the city."""

    __tablename__ = "asset"
    __table_args__ = (UniqueConstraint("layer_id", "fid", name="asset_feature"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    layer_id: Mapped[int] = mapped_column(ForeignKey("city.layer.id", ondelete="CASCADE"))
    fid: Mapped[int]


class AssetLinkRow(Base):
    """A document or a stream of an asset."""

    __tablename__ = "asset_link"
    __table_args__ = (UniqueConstraint("asset_id", "rel", "href", name="asset_link_once"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("city.asset.id", ondelete="CASCADE"))
    rel: Mapped[str]
    href: Mapped[str]
    type: Mapped[str] = mapped_column(server_default="")
    title: Mapped[str] = mapped_column(server_default="")


class RelationRow(Base):
    """One asset is part of another, feeds it, drains to it or watches it, for a time."""

    __tablename__ = "relation"
    __table_args__ = (
        Index("relation_from", "from_id", "kind"),
        Index("relation_to", "to_id", "kind"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("city.asset.id", ondelete="CASCADE"))
    kind: Mapped[str]
    to_id: Mapped[int] = mapped_column(ForeignKey("city.asset.id", ondelete="CASCADE"))
    valid: Mapped[Any] = mapped_column(TSTZRANGE, nullable=False)
    recorded: Mapped[Any] = mapped_column(TSTZRANGE, nullable=False)
    changed_by: Mapped[str]


class PolicyRow(Base):
    """How long readings stay as they came, and what they are summed up to then."""

    __tablename__ = "policy"

    name: Mapped[str] = mapped_column(primary_key=True)
    raw_days: Mapped[int]
    every_s: Mapped[int]


class SeriesRow(Base):
    """One property of one asset, in main or in a scenario; its values are in its unit (UCUM)."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("asset_id", "property", "scenario", name="series_of_asset"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("city.asset.id", ondelete="CASCADE"))
    property: Mapped[str]
    scenario: Mapped[int] = mapped_column(server_default=text("0"))
    kind: Mapped[str]
    unit: Mapped[str] = mapped_column(server_default="")
    policy: Mapped[str | None] = mapped_column(ForeignKey("city.policy.name"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class CategoryRow(Base):
    """A value that is a word."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class BatchRow(Base):
    """One committed batch of readings; its cursor is of one order with the change log's.

    key, content: the sender's name for it, and the digest of what was sent under that name.
    """

    __tablename__ = "batch"
    __table_args__ = (
        Index("batch_key", "subject", "key", unique=True, postgresql_where=text("key IS NOT NULL")),
    )

    cursor: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    recorded: Mapped[datetime] = mapped_column(unique=True)
    scenario: Mapped[int]
    subject: Mapped[str]
    key: Mapped[str | None]
    content: Mapped[str | None]
    accepted: Mapped[int]
    duplicates: Mapped[int]
    quarantined: Mapped[int]
    late: Mapped[int]
    first_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]


class _Reading:
    """x is a number, a category's id or a longitude; y is a latitude."""

    at: Mapped[datetime]
    recorded: Mapped[datetime]
    x: Mapped[float] = mapped_column(Double)
    y: Mapped[float | None] = mapped_column(Double)
    quality: Mapped[int] = mapped_column(SmallInteger)


class ObservationRow(_Reading, Base):
    """A reading that came in time, in a partition of its day."""

    __tablename__ = "observation"
    series: Mapped[int] = mapped_column(Integer)

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> Any:
        return (
            Index("observation_at", "at", "recorded", postgresql_using="brin"),
            {"postgresql_partition_by": "RANGE (at)"},
        )

    __mapper_args__ = {"primary_key": ["series", "at", "recorded"]}  # noqa: RUF012


class LateRow(_Reading, Base):
    """A reading that came late."""

    __tablename__ = "late"
    series: Mapped[int] = mapped_column(Integer)

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> Any:
        return (
            Index("late_at", "at"),
            Index("late_recorded", "recorded", postgresql_using="brin"),
        )

    __mapper_args__ = {"primary_key": ["series", "at", "recorded"]}  # noqa: RUF012


class LatestRow(_Reading, Base):
    """The newest reading of each series."""

    __tablename__ = "latest"

    series: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)


class ReadingIdRow(Base):
    """Hash of a reading's own id, for as long as it may be sent again."""

    __tablename__ = "reading_id"
    __table_args__ = (Index("reading_id_recorded", "recorded", postgresql_using="brin"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    recorded: Mapped[datetime]


class KeyframeRow(Base):
    """The state of every series at one moment, as known at another, in packed arrays."""

    __tablename__ = "keyframe"

    at: Mapped[datetime] = mapped_column(primary_key=True)
    built: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]
    series: Mapped[bytes] = mapped_column(LargeBinary)
    ats: Mapped[bytes] = mapped_column(LargeBinary)
    x: Mapped[bytes] = mapped_column(LargeBinary)
    y: Mapped[bytes] = mapped_column(LargeBinary)
    quality: Mapped[bytes] = mapped_column(LargeBinary)


class QuarantineRow(Base):
    """A reading that could not be taken, with the reason; it can be replayed."""

    __tablename__ = "quarantine"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str]
    scenario: Mapped[int]
    reason: Mapped[str]
    reading: Mapped[dict[str, Any]]
    seen: Mapped[int] = mapped_column(server_default=text("1"))
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    replayed_at: Mapped[datetime | None]


class SummaryRow(Base):
    """What retention leaves of the readings of one stretch of time."""

    __tablename__ = "summary"

    series: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    every_s: Mapped[int]
    count: Mapped[int]
    mean: Mapped[float] = mapped_column(Double)
    least: Mapped[float] = mapped_column(Double)
    greatest: Mapped[float] = mapped_column(Double)
    last_at: Mapped[datetime]
    last: Mapped[float] = mapped_column(Double)
    last_y: Mapped[float | None] = mapped_column(Double)
