"""Create, limit and revoke the API keys of other systems; a key is shown once."""

import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.accounts.models import ApiKey
from web_admin.action.base import NO_GATE, Action, begin, checked_text, finish, new_id, office_only
from web_admin.core.refusal import ActionRefused
from web_admin.journal.ledger import append_audit

SCOPES = (
    "people:read",
    "people:write",
    "cards:read",
    "cards:write",
    "passes:read",
    "passes:write",
    "events:read",
    "alarms:write",
    "metrics:read",
    "overview:read",
    "access:read",
    "gates:read",
    "gates:write",
)
MAX_KEY_DAYS = 366
MAX_LIVE_KEYS = 20
TOKEN = re.compile(r"mjk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key and its text, which is never shown again."""

    row: ApiKey
    text: str


def make_api_key(act: Action, *, name: str, scopes: Collection[str], valid_until: datetime) -> MadeKey:
    """Make a key for another system; raise ActionRefused on no scope, an unknown one or too long a life."""
    begin(act)
    _check_office(act)
    label = checked_text("name", name, max_chars=60)
    unknown = set(scopes) - set(SCOPES)
    if not scopes or unknown:
        raise ActionRefused("scopes", _("Choose at least one thing that the other system may do."))
    if not act.now < valid_until <= act.now + timedelta(days=MAX_KEY_DAYS):
        raise ActionRefused("valid_until", _("A key ends within a year. Make a new one then."))
    _check_room(act)
    secret = secrets.token_urlsafe(32)
    row = ApiKey(
        key_id=new_id(),
        site_id=act.site_id,
        name=label,
        scopes=[one for one in SCOPES if one in scopes],
        secret_sha256=sha256(secret.encode()).digest(),
        author_id=act.actor_id,
        created_at=act.now,
        valid_until=valid_until,
    )
    act.session.add(row)
    finish(
        act,
        "api_key_made",
        {"key_id": row.key_id, "scopes": " ".join(row.scopes)},
        personal={"name": label},
        gates=NO_GATE,
    )
    return MadeKey(row, f"mjk_{row.key_id}_{secret}")


def end_api_key(act: Action, key_id: str) -> None:
    """End a key at once; raise ActionRefused when it is not known here."""
    begin(act)
    _check_office(act)
    row = act.session.get(ApiKey, key_id)
    if row is None or row.site_id != act.site_id:
        raise ActionRefused(None, _("There is no such key."))
    if row.ended_at is None:
        row.ended_at = act.now
        finish(act, "api_key_ended", {"key_id": key_id}, gates=NO_GATE)


def reopen_api_key(act: Action, key_id: str) -> None:
    """Let a key work again that was ended by mistake, until its own end; raise ActionRefused."""
    begin(act)
    _check_office(act)
    row = act.session.get(ApiKey, key_id)
    if row is None or row.site_id != act.site_id:
        raise ActionRefused(None, _("This key is not known here."))
    if row.ended_at is not None:
        _check_room(act)
        row.ended_at = None
        finish(act, "api_key_reopened", {"key_id": key_id}, gates=NO_GATE)


def _check_room(act: Action) -> None:
    live = select(ApiKey).where(
        ApiKey.site_id == act.site_id, ApiKey.ended_at.is_(None), ApiKey.valid_until > act.now
    )
    if len(act.session.scalars(live).all()) >= MAX_LIVE_KEYS:
        raise ActionRefused(None, _("There are 20 keys already. End one that is not used any more first."))


def _check_office(act: Action) -> None:
    office_only(act, _("Only the property manager gives keys to other systems."))


def key_of(session: Session, text: str, now: datetime) -> ApiKey | None:
    """Return the live key that this text is, None for any other text."""
    found = TOKEN.fullmatch(text)
    row = session.get(ApiKey, found[1]) if found is not None else None
    if found is None or row is None:
        return None
    right = hmac.compare_digest(sha256(found[2].encode()).digest(), row.secret_sha256)
    live = row.ended_at is None and row.held_at is None and now < row.valid_until
    return row if right and live else None


def note_use(session: Session, key_id: str, now: datetime) -> None:
    """Write down that a key was used today, once a day, in the ledger too."""
    row = session.get(ApiKey, key_id, with_for_update=True)
    if row is None or row.last_used_on == now.date():
        return
    row.last_used_on = now.date()
    append_audit(session, row.site_id, "api_key_used", {"key_id": key_id}, {}, now)
