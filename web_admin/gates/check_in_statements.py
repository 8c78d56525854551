"""SQL that answers check-ins without changes, of one gate or many; `check_ins.py` says when it applies.

The check-ins are a table that comes as one JSON text, and each condition is written once, over its columns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec
from sqlalchemy import (
    JSON,
    ColumnElement,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    TextualSelect,
    Update,
    and_,
    bindparam,
    case,
    column,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.sql.selectable import CTE

from web_admin.compound.models import Gate, Site, SiteKey
from web_admin.compound.policy_models import OrderRow, PolicyRecordRow, PolicySumsRow
from web_admin.compound.queries import is_trusted_by_key
from web_admin.core.compiled_statements import written_out
from web_admin.custody.models import FaceShare

GATE_COLUMNS = ("acknowledged_seq", "ordered_version", "said_digest")
SITE_COLUMNS = ("epoch", "ask_again_seconds")
ROLES = ("policy", "pass", "anchor")
MOST_NEWS_ROWS = 4000
"""Rows of news that are read at a time; where there are more, those of the last gate may not be all."""
DIALECTS = ("sqlite", "postgresql")

Type = String | Integer | Float[float] | LargeBinary
NewsRow = Row[str, int, bytes, str | None, bytes | None, bool]
Given = Callable[[str], ColumnElement[object]]
"""By its name, a value of the request that is being answered."""

_gate, _site, _key = (cast(Table, model.__table__) for model in (Gate, Site, SiteKey))
_order, _share = (cast(Table, model.__table__) for model in (OrderRow, FaceShare))
_record, _sums = (cast(Table, model.__table__) for model in (PolicyRecordRow, PolicySumsRow))

TYPES_OF_CALL: dict[str, Type] = {
    "of_gate": String(),
    "of_site": String(),
    "counter": Integer(),
    "digest": LargeBinary(),
    "is_public_key": LargeBinary(),
}
"""Values that a signed request carries of the gate, by the type that the database has for each."""
TYPES_OF_CHECK_IN: dict[str, Type] = TYPES_OF_CALL | {
    "have_version": Integer(),
    "clock_behind": Float(),
    "is_said_digest": LargeBinary(),
    "is_published_version": Integer(),
    "is_digest": LargeBinary(),
    "is_acknowledged_seq": Integer(),
    "is_ordered_version": String(),
    "is_ordered_id": String(),
    "is_epoch": Integer(),
    "is_ask_again_seconds": Float(),
    **{f"is_{role}": LargeBinary() for role in ROLES},
}
"""Values that a check-in adds, and those on which its last answer rests."""
_FARTHEST_AHEAD = bindparam("max_ahead", type_=Integer)
_BASE64: ColumnElement[str] = literal_column("'base64'", String())
_NOW = bindparam("now", type_=cast(DateTime, _gate.c.last_seen_at.type))


@dataclass(frozen=True, slots=True)
class CheckInStatements:
    """The statements of one dialect; each gate checks in once in what they are given.

    `counted` returns the gates, and whether each has a share of any face, so that it may be lent something.
    """

    counted: TextualSelect
    counted_without_share: TextualSelect
    counted_at_any_version: TextualSelect
    news: TextualSelect


def table_of(name: str, types: Mapping[str, Type], dialect: str) -> CTE:
    """Return a table of requests, which come as the parameter `rows`; bytes are in base64 there.

    One text in place of a parameter for each value: the statement is the same one for any number.
    https://www.postgresql.org/docs/current/functions-json.html, https://sqlite.org/json1.html#jeach
    """
    rows = bindparam("rows", type_=String)
    values: dict[str, ColumnElement[object]]
    if dialect == "postgresql":
        columns = [
            column(it, String() if isinstance(type_, LargeBinary) else type_) for it, type_ in types.items()
        ]
        given = func.json_to_recordset(cast_to(rows, JSON)).table_valued(*columns, name=f"{name}_given")
        given = given.render_derived(with_types=True)
        values = {it: given.c[it] for it in types}
    else:
        given = func.json_each(rows).table_valued("value", name=f"{name}_given")
        values = {
            it: func.json_extract(given.c.value, literal_column(f"'$.{it}'"), type_=type_)
            for it, type_ in types.items()
        }
    read = {
        it: func.decode(values[it], _BASE64, type_=type_) if isinstance(type_, LargeBinary) else values[it]
        for it, type_ in types.items()
    }
    # Read once: SQLite would read a value from the text again at each place that has it.
    return (
        select(*(value.label(it) for it, value in read.items()))
        .cte(name)
        .prefix_with("MATERIALIZED", dialect="sqlite")
    )


def given_in(table: CTE) -> Given:
    """Return what gives the values of a request of this table."""
    return lambda name: table.c[name]


def parameters_of(rows: Sequence[Mapping[str, object]], **in_common: object) -> dict[str, object]:
    """Return the parameters of a table of these rows, each with its columns, and what all have in common."""
    return in_common | {"rows": msgspec.json.encode(rows).decode()}


def is_free(table: CTE, dialect: str) -> ColumnElement[bool]:
    """Return whether no other transaction locks the gate's row; it is locked from here on.

    It waits for none: two that answer many gates would wait for each other, and the others for the slowest.
    On SQLite one transaction writes at a time.
    """
    if dialect != "postgresql":
        return true()
    free = select(_gate.c.gate_id).where(_gate.c.gate_id.in_(select(table.c.of_gate)))
    locked = free.with_for_update(key_share=True, skip_locked=True).cte("free")
    return table.c.of_gate.in_(select(locked.c.gate_id))


def is_next_call(given: Given) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which a call is the gate's next one, with a number that may be counted."""
    counter = given("counter")
    return (
        _gate.c.gate_id == given("of_gate"),
        _gate.c.request_counter < counter,
        _gate.c.request_counter >= counter - _FARTHEST_AHEAD,
    )


def statements_for(dialect: str) -> CheckInStatements:
    """Return the statements for SQLite or PostgreSQL."""
    table = table_of("check_in", TYPES_OF_CHECK_IN, dialect)
    given, free = given_in(table), is_free(table, dialect)
    as_answered = (free, *is_next_call(given), *_as_answered(given))
    newest = _counted(given).where(*as_answered, *_policy_as_answered(given))
    at_any_version = _counted(given).where(*as_answered, _gate.c.published_version >= given("have_version"))
    # SQLite returns nothing of another table, and SQLAlchemy names no table there: the name is written out.
    of_this_gate: ColumnElement[object] = literal_column("gate.gate_id", String())
    returned = (_gate.c.gate_id, _has_share(of_this_gate).label("has_share"))
    without_share = newest.where(~_has_share(given("of_gate")))
    return CheckInStatements(
        counted=written_out(newest.returning(*returned), dialect),
        counted_without_share=written_out(without_share.returning(_gate.c.gate_id), dialect),
        counted_at_any_version=written_out(at_any_version.returning(_gate.c.gate_id), dialect),
        news=written_out(_news(table), dialect),
    )


def _as_answered(given: Given) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which the last answer holds, whatever was published since."""
    return (
        *is_trusted_by_key(given("is_public_key")),
        _gate.c.policy_withheld.is_(False),
        *(_gate.c[name] == given(f"is_{name}") for name in GATE_COLUMNS),
        or_(_gate.c.ordered_version == "", _gate.c.ordered_id == given("is_ordered_id")),
        select(_site.c.site_id)
        .where(
            _site.c.site_id == given("of_site"),
            _site.c.restoring.is_(False),
            *(_site.c[name] == given(f"is_{name}") for name in SITE_COLUMNS),
        )
        .exists(),
        select(func.count())
        .where(
            _key.c.site_id == given("of_site"),
            _key.c.certificate_signature.in_([given(f"is_{role}") for role in ROLES]),
        )
        .scalar_subquery()
        == len(ROLES),
        ~select(_order.c.order_id)
        .where(_order.c.gate_id == given("of_gate"), _order.c.delivered_at.is_(None))
        .exists(),
    )


def _policy_as_answered(given: Given) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which nothing was published since."""
    return (
        _gate.c.published_version == given("is_published_version"),
        # Of which kind the digest is needs no look: no two kinds give the same one.
        or_(
            _gate.c.published_digest == given("is_digest"),
            select(_sums.c.gate_id)
            .where(
                _sums.c.gate_id == given("of_gate"),
                _sums.c.version == given("is_published_version"),
                _sums.c.digest == given("is_digest"),
            )
            .exists(),
        ),
    )


def _has_share(gate_id: ColumnElement[object]) -> ColumnElement[bool]:
    return select(_share.c.person_id).where(_share.c.gate_id == gate_id).exists()


def _counted(given: Given) -> Update:
    """Return the statement that counts a call and notes what policy the gate has, without its conditions."""
    return update(_gate).values(
        request_counter=given("counter"),
        request_digest=given("digest"),
        last_seen_at=_NOW,
        clock_behind_seconds=given("clock_behind"),
        have_epoch=given("is_epoch"),
        have_version=given("have_version"),
        behind_since=case(
            (_gate.c.published_version == given("have_version"), None),
            else_=func.coalesce(_gate.c.behind_since, _NOW),
        ),
    )


def _news(table: CTE) -> Select[str, int, bytes, str | None, bytes | None, bool]:
    """Return the statement that reads version, digest and what changed since the gate's version, key by key.

    It gives no row where no sums of that version are kept, and one without a key where nothing changed. The
    conditions are asked again: they were true before the lock, which may have waited for a publication.
    """
    given = given_in(table)
    # Both by values of the check-in: by the gate's row, PostgreSQL may read all records of each gate.
    since = and_(_record.c.gate_id == given("of_gate"), _record.c.version > given("have_version"))
    of_version = and_(_sums.c.gate_id == _gate.c.gate_id, _sums.c.version == _gate.c.published_version)
    gates = table.join(_gate, _gate.c.gate_id == given("of_gate"))
    read = select(
        _gate.c.gate_id,
        _gate.c.published_version,
        _sums.c.digest,
        _record.c.key,
        _record.c.value,
        _has_share(given("of_gate")).label("has_share"),
    )
    return (
        read.select_from(gates.join(_sums, of_version).outerjoin(_record, since))
        .where(*_as_answered(given))
        .order_by(_gate.c.gate_id, _record.c.key)
        .limit(MOST_NEWS_ROWS + 1)
    )


STATEMENTS = {dialect: statements_for(dialect) for dialect in DIALECTS}
"""By the name of the dialect."""
