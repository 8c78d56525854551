"""The statements that answer a gate which says nothing new; what they rest on is said in `unchanged_asks`."""

from typing import cast

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from web_admin.compound.models import Gate, Site, SiteKey
from web_admin.compound.policy_models import OrderRow, PolicyRecordRow, PolicySumsRow
from web_admin.compound.queries import is_believed_by_key
from web_admin.custody.models import FaceShare

GATE_COLUMNS = ("acknowledged_seq", "ordered_version", "said_digest")
SITE_COLUMNS = ("epoch", "ask_again_seconds")
ROLES = ("policy", "pass", "anchor")

_gate, _site, _key = (cast(Table, model.__table__) for model in (Gate, Site, SiteKey))
_order, _share = (cast(Table, model.__table__) for model in (OrderRow, FaceShare))
_record, _sums = (cast(Table, model.__table__) for model in (PolicyRecordRow, PolicySumsRow))

_of_gate = bindparam("of_gate", type_=String)
_counter = bindparam("counter", type_=Integer)
_have_version = bindparam("have_version", type_=Integer)
_HAS_SHARE = select(_share.c.person_id).where(_share.c.gate_id == _of_gate).exists().label("has_share")


def is_next_call() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which a call is the gate's next one, with a number that may be counted."""
    return (
        _gate.c.gate_id == _of_gate,
        _gate.c.request_counter < _counter,
        _gate.c.request_counter >= _counter - bindparam("max_ahead", type_=Integer),
    )


def _as_answered() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which the last answer holds, whatever was published since."""
    return (
        *is_believed_by_key(),
        _gate.c.policy_withheld.is_(False),
        *(_gate.c[name] == bindparam(f"is_{name}") for name in GATE_COLUMNS),
        or_(_gate.c.ordered_version == "", _gate.c.ordered_id == bindparam("is_ordered_id", type_=String)),
        select(_site.c.site_id).where(
            _site.c.site_id == bindparam("of_site"), _site.c.restoring.is_(False),
            *(_site.c[name] == bindparam(f"is_{name}") for name in SITE_COLUMNS),
        ).exists(),
        select(func.count()).where(
            _key.c.site_id == bindparam("of_site"),
            _key.c.certificate_signature.in_([bindparam(f"is_{role}") for role in ROLES]),
        ).scalar_subquery() == len(ROLES),
        ~select(_order.c.order_id).where(
            _order.c.gate_id == _of_gate, _order.c.delivered_at.is_(None)).exists(),
    )  # fmt: skip


def _policy_as_answered() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which nothing was published since."""
    return (
        _gate.c.published_version == bindparam("is_published_version"),
        # Of which kind the digest is needs no look: no two kinds give the same one.
        or_(
            _gate.c.published_digest == bindparam("is_digest"),
            select(_sums.c.gate_id).where(
                _sums.c.gate_id == _of_gate, _sums.c.version == bindparam("is_published_version"),
                _sums.c.digest == bindparam("is_digest"),
            ).exists(),
        ),
    )  # fmt: skip


def _counted(*conditions: ColumnElement[bool]) -> ReturningUpdate[bool]:
    """Return the statement that counts a call and notes what policy the gate has, under these conditions.

    It returns whether the gate has a share of any face, so that it may be lent something.
    """
    now = bindparam("now", type_=cast(DateTime, _gate.c.last_seen_at.type))
    return (
        update(_gate)
        .where(*is_next_call(), *conditions)
        .values(
            request_counter=_counter,
            request_digest=bindparam("digest"),
            last_seen_at=now,
            clock_behind_seconds=bindparam("clock_behind"),
            have_epoch=bindparam("is_epoch"),
            have_version=_have_version,
            behind_since=case(
                (_gate.c.published_version == _have_version, None),
                else_=func.coalesce(_gate.c.behind_since, now),
            ),
        )
        .returning(_HAS_SHARE)
    )


def _news() -> Select[int, bytes, str | None, bytes | None, bool]:
    """Return the statement that reads version, digest and what changed since the gate's version, key by key.

    It gives no row where no sums of that version are kept, and one without a key where nothing changed. The
    conditions are asked again: they were true before the lock, which may have waited for a publication.
    """
    since = and_(_record.c.gate_id == _gate.c.gate_id, _record.c.version > _have_version)
    of_version = and_(_sums.c.gate_id == _gate.c.gate_id, _sums.c.version == _gate.c.published_version)
    return (
        select(_gate.c.published_version, _sums.c.digest, _record.c.key, _record.c.value, _HAS_SHARE)
        .select_from(_gate.join(_sums, of_version).outerjoin(_record, since))
        .where(_gate.c.gate_id == _of_gate, *_as_answered())
        .order_by(_record.c.key)
    )


COUNTED = _counted(*_as_answered(), *_policy_as_answered())
COUNTED_BEFORE = (
    update(_gate)
    .where(_gate.c.gate_id == _of_gate, _gate.c.request_counter == _counter)
    .values(request_counter=_counter)
)
"""Writes again what was counted: the commit of a transaction that writes nothing waits for no disk."""
COUNTED_AT_ANY_VERSION = _counted(*_as_answered(), _gate.c.published_version >= _have_version)
NEWS = _news()
