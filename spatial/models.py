"""The fixed tables, in schema `city`. Layers have tables of their own: spatial.table."""

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NOW = text("clock_timestamp()")


class Base(DeclarativeBase):
    metadata = MetaData(schema="city")
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy's own declaration)
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        list[str]: ARRAY(Text),
        list[int]: ARRAY(BigInteger),
        str: Text,
        int: BigInteger,
    }


class LayerRow(Base):
    """A registered layer; `cursor` and `last_recorded` move with every change."""

    __tablename__ = "layer"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title_zh: Mapped[str] = mapped_column(server_default="")
    title_en: Mapped[str] = mapped_column(server_default="")
    geometry_type: Mapped[str]
    srid: Mapped[int]
    columns: Mapped[list[dict[str, Any]]]
    access: Mapped[str]
    area: Mapped[str | None]
    area_field: Mapped[str | None]
    last_recorded: Mapped[datetime] = mapped_column(server_default=text("'-infinity'"))
    cursor: Mapped[int] = mapped_column(server_default=text("0"))
    current: Mapped[int] = mapped_column(server_default=text("0"))
    next_bound: Mapped[datetime | None]
    valid_from: Mapped[datetime | None]
    extent: Mapped[Any | None] = mapped_column(Geometry("POLYGON", srid=4326, spatial_index=False))
    lineage: Mapped[dict[str, Any] | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class RasterRow(Base):
    """A registered raster; its cells are in its editions."""

    __tablename__ = "raster"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title_zh: Mapped[str] = mapped_column(server_default="")
    title_en: Mapped[str] = mapped_column(server_default="")
    access: Mapped[str]
    area: Mapped[str | None]
    vertical_datum: Mapped[str | None]
    style: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    last_recorded: Mapped[datetime | None]
    lineage: Mapped[dict[str, Any] | None]


class RasterEditionRow(Base):
    """A state of a raster: a file in the store, true for a period by an edition of the books."""

    __tablename__ = "raster_edition"
    __table_args__ = (Index("raster_edition_raster", "raster_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    raster_id: Mapped[int] = mapped_column(ForeignKey("city.raster.id", ondelete="CASCADE"))
    file: Mapped[str]
    srid: Mapped[int]
    extent: Mapped[Any] = mapped_column(Geometry("POLYGON", srid=4326, spatial_index=False))
    profile: Mapped[dict[str, Any]]
    valid: Mapped[Any] = mapped_column(TSTZRANGE)
    recorded: Mapped[Any] = mapped_column(TSTZRANGE)
    scenario: Mapped[int] = mapped_column(server_default=text("0"))
    changed_by: Mapped[str]


class ScenarioRow(Base):
    """A planner's branch; main is read as it was known at `base_known_at`."""

    __tablename__ = "scenario"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(server_default="")
    base_known_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="open")
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ChangeRow(Base):
    """One committed change of one layer; cursor order is commit order."""

    __tablename__ = "change"
    __table_args__ = (Index("change_layer", "layer_id", "cursor"),)

    cursor: Mapped[int] = mapped_column(Identity(), primary_key=True)
    layer_id: Mapped[int] = mapped_column(ForeignKey("city.layer.id", ondelete="CASCADE"))
    scenario: Mapped[int] = mapped_column(server_default=text("0"))
    at: Mapped[datetime]
    author: Mapped[str]
    action: Mapped[str]
    opened: Mapped[int]
    closed: Mapped[int]
    cells: Mapped[list[int]]


class TokenRow(Base):
    """A bearer of a grant; only the hash is stored, named with its algorithm."""

    __tablename__ = "token"

    digest: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    scope: Mapped[str]
    classes: Mapped[list[str]]
    areas: Mapped[list[str] | None]
    layers: Mapped[list[str] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime]


class JobRow(Base):
    """A run of an analysis, durable from the moment it is accepted."""

    __tablename__ = "job"
    __table_args__ = (
        Index("job_queue", "created_at", postgresql_where=text("status = 'accepted'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    analysis: Mapped[str]
    inputs: Mapped[dict[str, Any]]
    grant: Mapped[dict[str, Any]] = mapped_column("grant_")
    status: Mapped[str] = mapped_column(server_default="accepted")
    progress: Mapped[int] = mapped_column(server_default=text("0"))
    message: Mapped[str] = mapped_column(server_default="")
    result: Mapped[dict[str, Any] | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)


class JobFileRow(Base):
    """A document that a job made."""

    __tablename__ = "job_file"

    job: Mapped[UUID] = mapped_column(
        ForeignKey("city.job.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    media_type: Mapped[str]
    title_zh: Mapped[str]
    title_en: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class AuditRow(Base):
    """What was done outside of the books: who, when, to what, and why."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    author: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[dict[str, Any]]


class IdentityRow(Base):
    """Which city this is, in what it hands on: one row, made when it is first needed."""

    __tablename__ = "identity"

    id: Mapped[UUID] = mapped_column(primary_key=True)


class SubscriptionRow(Base):
    """A layer that is another city's, and up to which of its cursors we have it."""

    __tablename__ = "subscription"

    layer_id: Mapped[int] = mapped_column(
        ForeignKey("city.layer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    origin: Mapped[UUID]
    title: Mapped[str]
    cursor: Mapped[int]
    applied_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ReceivedRow(Base):
    """The change of another city that a change of ours repeats."""

    __tablename__ = "received"

    cursor: Mapped[int] = mapped_column(
        ForeignKey("city.change.cursor", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    origin: Mapped[UUID]
    origin_cursor: Mapped[int]
    recorded: Mapped[datetime]
    action: Mapped[str]


class QualityRow(Base):
    """The quality report of a layer, as of one cursor."""

    __tablename__ = "quality"

    layer_id: Mapped[int] = mapped_column(
        ForeignKey("city.layer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    cursor: Mapped[int]
    report: Mapped[dict[str, Any]]
    made_at: Mapped[datetime] = mapped_column(server_default=NOW)


class CodeListRow(Base):
    """The codes that a layer's column may hold, each with its title."""

    __tablename__ = "code_list"

    layer_id: Mapped[int] = mapped_column(
        ForeignKey("city.layer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    field: Mapped[str] = mapped_column(primary_key=True)
    codes: Mapped[dict[str, Any]]
