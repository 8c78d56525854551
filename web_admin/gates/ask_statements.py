"""The statements that answer gates which say nothing new; what they rest on is said in `unchanged_asks`.

Each condition is written once, over the values of a question. These are parameters where one gate is
answered, and columns of a table where many are answered together, which PostgreSQL alone can do.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import msgspec
from sqlalchemy import (
    JSON,
    ColumnElement,
    DateTime,
    Float,
    FromClause,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    column,
    func,
    or_,
    select,
    update,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.selectable import CTE

from web_admin.compound.models import Gate, Site, SiteKey
from web_admin.compound.policy_models import OrderRow, PolicyRecordRow, PolicySumsRow
from web_admin.compound.queries import is_believed_by_key
from web_admin.custody.models import FaceShare

GATE_COLUMNS = ("acknowledged_seq", "ordered_version", "said_digest")
SITE_COLUMNS = ("epoch", "ask_again_seconds")
ROLES = ("policy", "pass", "anchor")

Type = String | Integer | Float[float] | LargeBinary
NewsRow = Row[str, int, bytes, str | None, bytes | None, bool]
Value = Callable[[str], ColumnElement[object]]
"""By its name, a value of the question that is being answered."""

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
"""What a signed request says of the gate, and how the database writes it."""
TYPES_OF_QUESTION: dict[str, Type] = TYPES_OF_CALL | {
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
"""What a question adds, and what its last answer rests on."""
_FARTHEST_AHEAD = bindparam("max_ahead", type_=Integer)
_NOW = bindparam("now", type_=cast(DateTime, _gate.c.last_seen_at.type))


def of_one(types: Mapping[str, Type]) -> Value:
    """Return what gives the values of one question: parameters."""
    return lambda name: bindparam(name, type_=types[name])


def table_of(name: str, types: Mapping[str, Type]) -> CTE:
    """Return a table of many questions, which come as the parameter `rows` (PostgreSQL).

    One text in place of an array a column: https://www.postgresql.org/docs/current/functions-json.html.
    """
    given = (
        func.json_to_recordset(cast_to(bindparam("rows", type_=String), JSON))
        .table_valued(
            *(
                column(it, String() if isinstance(type_, LargeBinary) else type_)
                for it, type_ in types.items()
            ),
            name=f"{name}_given",
        )
        .render_derived(with_types=True)
    )
    return select(
        *(
            (
                func.decode(given.c[it], "base64", type_=type_)
                if isinstance(type_, LargeBinary)
                else given.c[it]
            ).label(it)
            for it, type_ in types.items()
        )
    ).cte(name)


def columns_of(table: CTE) -> Value:
    """Return what gives the values of many questions: columns."""
    return lambda name: table.c[name]


def parameters_of(types: Mapping[str, Type], rows: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Return the parameters of a table of these rows, and what all of them have in common."""
    given = [{name: row[name] for name in types} for row in rows]
    common = {name: value for name, value in rows[0].items() if name not in types}
    return common | {"rows": msgspec.json.encode(given).decode()}


def free_in(table: CTE) -> ColumnElement[bool]:
    """Return whether no other transaction holds the gate's row; it is locked from here on.

    It waits for none: two that answer many gates would wait for each other, and the others for the slowest.
    """
    free = select(_gate.c.gate_id).where(_gate.c.gate_id.in_(select(table.c.of_gate)))
    locked = free.with_for_update(key_share=True, skip_locked=True).cte("free")
    return table.c.of_gate.in_(select(locked.c.gate_id))


def is_next_call(value: Value) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which a call is the gate's next one, with a number that may be counted."""
    counter = value("counter")
    return (
        _gate.c.gate_id == value("of_gate"),
        _gate.c.request_counter < counter,
        _gate.c.request_counter >= counter - _FARTHEST_AHEAD,
    )


def _as_answered(value: Value) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which the last answer holds, whatever was published since."""
    return (
        *is_believed_by_key(value("is_public_key")),
        _gate.c.policy_withheld.is_(False),
        *(_gate.c[name] == value(f"is_{name}") for name in GATE_COLUMNS),
        or_(_gate.c.ordered_version == "", _gate.c.ordered_id == value("is_ordered_id")),
        select(_site.c.site_id)
        .where(
            _site.c.site_id == value("of_site"),
            _site.c.restoring.is_(False),
            *(_site.c[name] == value(f"is_{name}") for name in SITE_COLUMNS),
        )
        .exists(),
        select(func.count())
        .where(
            _key.c.site_id == value("of_site"),
            _key.c.certificate_signature.in_([value(f"is_{role}") for role in ROLES]),
        )
        .scalar_subquery()
        == len(ROLES),
        ~select(_order.c.order_id)
        .where(_order.c.gate_id == value("of_gate"), _order.c.delivered_at.is_(None))
        .exists(),
    )


def _policy_as_answered(value: Value) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which nothing was published since."""
    return (
        _gate.c.published_version == value("is_published_version"),
        # Of which kind the digest is needs no look: no two kinds give the same one.
        or_(
            _gate.c.published_digest == value("is_digest"),
            select(_sums.c.gate_id)
            .where(
                _sums.c.gate_id == value("of_gate"),
                _sums.c.version == value("is_published_version"),
                _sums.c.digest == value("is_digest"),
            )
            .exists(),
        ),
    )


def _has_share(value: Value) -> ColumnElement[bool]:
    return select(_share.c.person_id).where(_share.c.gate_id == value("of_gate")).exists().label("has_share")


def _counted(value: Value, *conditions: ColumnElement[bool]) -> ReturningUpdate[str, bool]:
    """Return the statement that counts a call and notes what policy the gate has, under these conditions.

    It returns the gate, and whether it has a share of any face, so that it may be lent something.
    """
    return (
        update(_gate)
        .where(*is_next_call(value), *conditions)
        .values(
            request_counter=value("counter"),
            request_digest=value("digest"),
            last_seen_at=_NOW,
            clock_behind_seconds=value("clock_behind"),
            have_epoch=value("is_epoch"),
            have_version=value("have_version"),
            behind_since=case(
                (_gate.c.published_version == value("have_version"), None),
                else_=func.coalesce(_gate.c.behind_since, _NOW),
            ),
        )
        .returning(_gate.c.gate_id, _has_share(value))
    )


def _news(value: Value, gates: FromClause) -> Select[str, int, bytes, str | None, bytes | None, bool]:
    """Return the statement that reads version, digest and what changed since the gate's version, key by key.

    It gives no row where no sums of that version are kept, and one without a key where nothing changed. The
    conditions are asked again: they were true before the lock, which may have waited for a publication.
    """
    # Both by values of the question: by the gate's row, PostgreSQL may read all records of each gate.
    since = and_(_record.c.gate_id == value("of_gate"), _record.c.version > value("have_version"))
    of_version = and_(_sums.c.gate_id == _gate.c.gate_id, _sums.c.version == _gate.c.published_version)
    read = select(
        _gate.c.gate_id,
        _gate.c.published_version,
        _sums.c.digest,
        _record.c.key,
        _record.c.value,
        _has_share(value),
    )
    return (
        read.select_from(gates.join(_sums, of_version).outerjoin(_record, since))
        .where(_gate.c.gate_id == value("of_gate"), *_as_answered(value))
        .order_by(_gate.c.gate_id, _record.c.key)
    )


def _at_any_version(value: Value) -> tuple[ColumnElement[bool], ...]:
    return (*_as_answered(value), _gate.c.published_version >= value("have_version"))


_one, _table = of_one(TYPES_OF_QUESTION), table_of("asked", TYPES_OF_QUESTION)
_many, _is_free = columns_of(_table), free_in(_table)

COUNTED = _counted(_one, *_as_answered(_one), *_policy_as_answered(_one))
COUNTED_BEFORE = (
    update(_gate)
    .where(_gate.c.gate_id == _one("of_gate"), _gate.c.request_counter == _one("counter"))
    .values(request_counter=_one("counter"))
)
"""Writes again what was counted: the commit of a transaction that writes nothing waits for no disk."""
COUNTED_AT_ANY_VERSION = _counted(_one, *_at_any_version(_one))
NEWS = _news(_one, _gate)

COUNTED_OF_MANY = _counted(_many, _is_free, *_as_answered(_many), *_policy_as_answered(_many))
COUNTED_OF_MANY_WITHOUT_SHARE = COUNTED_OF_MANY.where(~_has_share(_many).element)
COUNTED_AT_ANY_VERSION_OF_MANY = _counted(_many, _is_free, *_at_any_version(_many))
MOST_NEWS_ROWS = 4000
_asked_gates = _table.join(_gate, _gate.c.gate_id == _many("of_gate"))
NEWS_OF_MANY = _news(_many, _asked_gates).limit(MOST_NEWS_ROWS + 1)
"""The same for many gates, of which each is asked about once; on PostgreSQL. Where there are more rows than
the most, those of the last gate may not be all."""
