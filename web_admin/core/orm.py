"""Base of all tables: aware times, types of columns, names of constraints."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import JSON, LargeBinary, MetaData, String, TypeDecorator
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase

Fact = str | int | float | bool | None


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored as UTC; refuses naive times."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Turn an aware instant into UTC; raise ValueError on a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone may not be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give SQLite's naive values their zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def read_json(text: str | bytes) -> object:
    """Return what a column of JSON says; msgspec is quicker and takes all that was written but oddities."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)  # half a surrogate pair, a number too large


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it once, at class creation
        datetime: UtcDateTime,
        bytes: LargeBinary,
        list[str]: JSON(none_as_null=True),
        list[int]: JSON(none_as_null=True),
        # Structs of the contract, validated by msgspec at both ends.
        list[dict[str, Any]]: JSON(none_as_null=True),
        dict[str, Any]: JSON(none_as_null=True),
        dict[str, str]: JSON(none_as_null=True),
        dict[str, Fact]: JSON(none_as_null=True),
        str: String(200),
    }
