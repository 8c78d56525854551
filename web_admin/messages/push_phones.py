"""Switch push messages on and off in a browser, and list the browsers of an owner.

No message to a resident names a person, a gate or a home: others read the screen of a locked phone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from web_admin.action.base import Action, begin, new_id, record
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import refuse_unverified_phone
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import Sealer
from web_admin.messages.outbox import forget_phone
from web_admin.messages.push_delivery import CALL, SUBSCRIPTION_PURPOSE, service_of
from web_admin.messages.push_encryption import (
    AUTH_BYTES,
    CURVE,
    POINT_BYTES,
    Subscription,
    base64url,
    from_base64url,
    public_bytes,
    sending_key,
)
from web_admin.messages.push_models import PushPhone
from web_admin.messages.subscriptions import TEXTS

MAX_PHONES = 5
MAX_ENDPOINT_CHARS = 1000
BROWSERS = {"google": "Android, Chrome", "apple": "iPhone, Safari", "mozilla": "Firefox", "windows": "Edge"}


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a browser: a resident, with the session that it goes with, or an account of staff."""

    person_id: str | None = None
    account_id: int | None = None
    session_sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class OwnPhone:
    """A browser as a page lists it; `mark` is the digest of its endpoint, by which it finds itself there."""

    phone_id: str
    browser: str
    mark: str
    created_at: datetime


def _of(owner: Owner) -> ColumnElement[bool]:
    if owner.person_id is not None:
        return PushPhone.person_id == owner.person_id
    return PushPhone.account_id == owner.account_id


def public_key(sealer: Sealer, site_id: str) -> str:
    """Return the server's key as a browser takes it."""
    return base64url(public_bytes(sending_key(sealer, site_id)))


def phones_of(session: Session, owner: Owner) -> Sequence[PushPhone]:
    """Return an owner's browsers, the oldest first."""
    return session.scalars(
        select(PushPhone).where(_of(owner)).order_by(PushPhone.created_at, PushPhone.phone_id)
    ).all()


def listed(phones: Sequence[PushPhone]) -> list[OwnPhone]:
    """Return browsers as a page lists them."""
    return [
        OwnPhone(one.phone_id, browser_of(one.service), one.endpoint_sha256.hex(), one.created_at)
        for one in phones
    ]


def browser_of(service: str) -> str:
    """Return whose browser uses a push service, its host where that is none of the known ones."""
    return next((name for word, name in BROWSERS.items() if word in service), service)


def kinds_on_phones(phones: Sequence[PushPhone]) -> list[str]:
    """Return the messages that an owner chose for their browsers: the same for all."""
    return sorted({kind for one in phones for kind in one.kinds})


def add_phone(
    act: Action,
    owner: Owner,
    endpoint: str,
    p256dh: str,
    auth: str,
    *,
    kinds: Sequence[str],
    named: Collection[str],
) -> PushPhone | None:
    """Send messages to a browser from now on and return it; None where it had them already.

    `named` are the push services of web.toml. Raises ActionRefused.
    """
    begin(act)
    _refuse_others(act, owner)
    to = _checked(endpoint, p256dh, auth)
    service = service_of(to.endpoint, named)
    if service is None:
        raise ActionRefused(
            None, _("This browser's push service is not known here. Ask the property office.")
        )
    digest = sha256(to.endpoint.encode()).digest()
    phones = phones_of(act.session, owner)
    found = next((one for one in phones if one.endpoint_sha256 == digest), None)
    if found is None and len(phones) >= MAX_PHONES:
        raise ActionRefused(None, _("Five phones or browsers get your messages. Remove one first."))
    sealed = act.sealer.seal(msgspec.json.encode(to), purpose=SUBSCRIPTION_PURPOSE)
    if found is not None:
        found.subscription_sealed, found.session_sha256 = sealed, owner.session_sha256
        return None
    phone = PushPhone(
        phone_id=new_id(),
        site_id=act.site_id,
        person_id=owner.person_id,
        account_id=owner.account_id,
        session_sha256=owner.session_sha256,
        service=service,
        endpoint_sha256=digest,
        subscription_sealed=sealed,
        kinds=list(kinds),
        created_at=act.now,
    )
    act.session.add(phone)
    record(act, "push_phone_added", {"phone_id": phone.phone_id}, person_id=owner.person_id)
    return phone


def _refuse_others(act: Action, owner: Owner) -> None:
    """Refuse a resident's phone that has not shown yet that it is theirs."""
    if owner.person_id is not None:
        refuse_unverified_phone(act, person_of(act, owner.person_id))


def _checked(endpoint: str, p256dh: str, auth: str) -> Subscription:
    try:
        point, secret = from_base64url(p256dh), from_base64url(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    except ValueError as err:
        raise ActionRefused(None, _NOT_UNDERSTOOD) from err
    wrong = len(point) != POINT_BYTES or len(secret) != AUTH_BYTES
    if wrong or len(endpoint) > MAX_ENDPOINT_CHARS or not endpoint.isascii() or not endpoint.isprintable():
        raise ActionRefused(None, _NOT_UNDERSTOOD)
    return Subscription(endpoint, point, secret)


_NOT_UNDERSTOOD = _("This browser's answer could not be read. Switch messages on again.")


def choose_push_messages(act: Action, person_id: str, kinds: Sequence[str]) -> None:
    """Choose what a resident's browsers get."""
    begin(act)
    _refuse_others(act, Owner(person_id=person_id))
    for one in phones_of(act.session, Owner(person_id=person_id)):
        calls = [CALL] if CALL in one.kinds else []
        one.kinds = [*(kind for kind in TEXTS if kind in kinds), *calls]
    record(act, "push_messages_chosen", {"count": len(kinds)}, person_id=person_id)


def show_calls(act: Action, person_id: str, *, on: bool) -> None:
    """Let all of a resident's browsers show calls from gates, or none."""
    begin(act)
    _refuse_others(act, Owner(person_id=person_id))
    for one in phones_of(act.session, Owner(person_id=person_id)):
        others = [kind for kind in one.kinds if kind != CALL]
        one.kinds = [*others, CALL] if on else others
    record(act, "push_calls_chosen", {"on": on}, person_id=person_id)


def remove_phone(act: Action, owner: Owner, phone_id: str) -> None:
    """Send nothing more to a browser; one that is removed already is no refusal."""
    begin(act)
    own = select(PushPhone.phone_id).where(_of(owner), PushPhone.phone_id == phone_id)
    if act.session.scalar(own) is not None:
        forget_phone(act.session, phone_id)
        record(act, "push_phone_removed", {"phone_id": phone_id}, person_id=owner.person_id)


def remove_every_phone(session: Session, owner: Owner) -> None:
    """Send nothing more to any browser of an owner."""
    for one in phones_of(session, owner):
        forget_phone(session, one.phone_id)


def loosen_phones(session: Session, session_sha256: bytes) -> list[str]:
    """Keep the browser of a session that ends, since another follows there; return what is bound to that."""
    of_session = PushPhone.session_sha256 == session_sha256
    found = list(session.scalars(select(PushPhone.phone_id).where(of_session)))
    session.execute(update(PushPhone).where(of_session).values(session_sha256=None))
    return found


def bind_phones(session: Session, phone_ids: Collection[str], session_sha256: bytes | None) -> None:
    """Let browsers go with this session."""
    kept = PushPhone.phone_id.in_(phone_ids)
    session.execute(update(PushPhone).where(kept).values(session_sha256=session_sha256))
