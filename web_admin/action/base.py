"""Base of every domain action: actor and channel, refusal, audit entry, effects.

An action is one change of the compound by one person at one moment: it checks, writes, records itself
in the audit journal and calls its `Effects`, which publish the policy, all in the caller's transaction.
What it may not do it refuses with a sentence for the field that is wrong.
"""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from gate_controller.contract.records import PolicyRefused
from web_admin.compound.models import Site
from web_admin.core.database import Menjin
from web_admin.core.effects import Effects
from web_admin.core.lock_order import GATE_ALONE, SiteFirst
from web_admin.core.orm import Fact
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import Sealer
from web_admin.journal.ledger import NewEntry, append_audit, append_audits

Channel = Literal["manager", "phone", "desk", "gate", "home", "system", "api"]

CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0 O 1 I L U, which are misread or spell words."""

MAX_TEXT_CHARS = 120
NO_GATE: tuple[str, ...] = ()
"""The gates at which an act changes nothing: it publishes nothing."""

OFFICE: tuple[Channel, ...] = ("manager", "system")
"""Through these the property manager acts, or the server on the manager's behalf."""


@dataclass(frozen=True, slots=True)
class DeskPerson:
    """A person who sits at the desk and showed their card or PIN, and the visit that this opened."""

    visit_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class Action:
    """Author, channel and time of an action; `actor_id` is a person_id when they use phone or gate.

    The channel `home` is an adult's action on a child or helper of their home, after `people/members.py`
    checked it.

    `publishes` is False for the actions inside `one_publication`. With `served`, staff press the buttons of
    that person's own pages at the desk: the action is the person's, and reaches no further than theirs.
    """

    session: Session
    sealer: Sealer
    site_id: str
    actor_id: str
    channel: Channel
    now: datetime
    publishes: bool = True
    served: DeskPerson | None = None
    role: str = ""
    """Of the member of staff who acts; what guards may undo is less than what the office may."""
    because: str = ""
    """Why residents may be kept out by this act, if it comes to that: a reason of `suspension_reasons`."""
    effects: Effects = field(kw_only=True)


def new_action(
    menjin: Menjin,
    session: Session,
    site_id: str,
    actor_id: str,
    channel: Channel,
    *,
    now: datetime | None = None,
    role: str = "",
) -> Action:
    """Return an action with the server's own parts, at this moment unless `now` is another."""
    return Action(
        session,
        menjin.sealer,
        site_id,
        actor_id,
        channel,
        now or menjin.clock(),
        role=role,
        effects=menjin.effects,
    )


def new_id() -> str:
    """Return 16 random hex digits: the form that the QR formats need of an id."""
    return secrets.token_hex(8)


def make_code(groups: int) -> str:
    """Return a one-time code of groups of four letters and digits (19 bits a group)."""
    return "-".join("".join(secrets.choice(CODE_LETTERS) for _letter in range(4)) for _group in range(groups))


def office_only(act: Action, refusal: LazyString) -> None:
    """Raise ActionRefused with this sentence unless the property manager acts."""
    if act.channel not in OFFICE:
        raise ActionRefused(None, refusal)


def begin(act: Action) -> Site:
    """Return the action's site, locked; forget what was read before the lock.

    Two acts that are each right alone can be wrong together (both end "the other" way in), so acts
    of one site run one after another.
    """
    if not act.publishes:
        return _found(act.session.get(Site, act.site_id))
    act.session.flush()
    if GATE_ALONE in act.session.info:
        raise SiteFirst
    # Its key stays: a gate whose own row is locked refers to it, and would wait for this, and this for it.
    site = _found(act.session.get(Site, act.site_id, with_for_update={"key_share": True}))
    act.session.expire_all()
    return site


def finish(
    act: Action,
    kind: str,
    facts: Mapping[str, Fact],
    *,
    personal: Mapping[str, Fact] | None = None,
    person_id: str | None = None,
    touches: Collection[str] | None = None,
    gates: Collection[str] | None = None,
    with_others: bool = True,
) -> None:
    """Record the action and publish what it changed; raise ActionRefused when the rules forbid the result.

    `touches` names the persons whose records change: by default whom the action is about, and everyone
    when it concerns no person. Those who live with them and the records of the site are published again as
    well, unless the act says that it changes nothing but these persons' own: without others. `gates` names
    those whose records change: by default all; NO_GATE of an act that changes nothing of the policy.
    """
    record(act, kind, facts, personal=personal, person_id=person_id)
    if touches is None and person_id is not None:
        touches = (person_id,)
    if act.publishes:
        publish(act, touches, gates, with_others=with_others)


def record(
    act: Action,
    kind: str,
    facts: Mapping[str, Fact],
    *,
    personal: Mapping[str, Fact] | None = None,
    person_id: str | None = None,
) -> None:
    """Append the action to the audit journal; `facts` hold ids only, names go into `personal`."""
    act.session.flush()
    append_audit(
        act.session,
        act.site_id,
        kind,
        _with_actor(act, facts),
        dict(personal or {}),
        act.now,
        person_id=person_id,
    )
    act.effects.recorded(act.session, kind, facts, person_id, act.now)


def record_many(act: Action, entries: Sequence[NewEntry]) -> int:
    """Append the entries of an act on several people in one go; return the number of the last one."""
    last = append_audits(
        act.session,
        act.site_id,
        [replace(entry, facts=_with_actor(act, entry.facts)) for entry in entries],
        act.now,
    )
    for entry in entries:
        act.effects.recorded(act.session, entry.kind, entry.facts, entry.person_id, act.now)
    return last


def _with_actor(act: Action, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    assisted: dict[str, Fact] = {}
    if act.served is not None:
        assisted = {"assisted": True, "visit_id": act.served.visit_id}
    return {"actor_id": act.actor_id, "channel": act.channel, **assisted, **facts}


def publish(
    act: Action,
    touches: Collection[str] | None = None,
    gates: Collection[str] | None = None,
    *,
    with_others: bool = True,
) -> None:
    """Publish the policy; raise ActionRefused with the rule's own words when it is refused."""
    act.session.flush()
    try:
        if gates is None or gates:
            act.effects.publish(act.session, act.site_id, act.now, touches, gates, with_others=with_others)
    except PolicyRefused as err:
        raise ActionRefused(None, _("This cannot be published: %(why)s", why=str(err))) from err


@contextmanager
def one_publication(act: Action) -> Iterator[Action]:
    """Yield an action for many changes that are published once, at the end."""
    begin(act)
    yield replace(act, publishes=False)
    if act.publishes:
        publish(act)


def _found(site: Site | None) -> Site:
    if site is None:
        raise ActionRefused(None, _("This compound does not exist."))
    return site


def own_person_id(act: Action) -> str | None:
    """Return whose action this is when it is a resident's, by phone, at a gate or served at the desk."""
    if act.served is not None:
        return act.served.person_id
    return act.actor_id if act.channel in ("phone", "gate") else None


def checked_text(field: str, text: str, *, max_chars: int = MAX_TEXT_CHARS) -> str:
    """Return a line of text without outer blanks; raise ActionRefused when it is empty or too long."""
    line = " ".join(text.split())
    if not line:
        raise ActionRefused(field, _("Please fill this in."))
    if len(line) > max_chars:
        raise ActionRefused(field, _("Please use at most %(count)s characters.", count=max_chars))
    if not line.isprintable():
        raise ActionRefused(field, _("Please use letters, digits and signs only."))
    return line


def checked_window(valid_from: datetime | None, valid_until: datetime | None, now: datetime) -> None:
    """Raise ActionRefused unless the window has a length and has not ended."""
    if valid_until is not None and valid_until <= now:
        raise ActionRefused("valid_until", _("This end is in the past. Choose a later one."))
    if valid_from is not None and valid_until is not None and valid_until <= valid_from:
        raise ActionRefused("valid_until", _("The end must come after the start."))


MAX_LABEL_CHARS = 40


def checked_label(label: str) -> str:
    """Return a label that may be empty; raise ActionRefused when it is too long."""
    return checked_text("label", label, max_chars=MAX_LABEL_CHARS) if label.strip() else ""
