"""Actions on visitors: signed passes for a phone or paper, typed codes for couriers.

A visitor may never do more than who invited them: the gates and the end of a pass stay inside the
issuer's own grants, and at the gate the issuer's grant is asked again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from gate_controller.contract.credential_kinds import has_ended_by_time
from gate_controller.contract.passes import MAX_PASS_GATES, SITE_ITSELF, VisitorPass, make_visitor_pass
from gate_controller.contract.pins import argon2_tag, make_visitor_code
from gate_controller.contract.records import CredentialKind, Method
from web_admin.action.base import Action, begin, checked_text, checked_window, finish, new_id, own_person_id
from web_admin.action.lookups import home_of, lane_of, person_of
from web_admin.action.phone_verification import refuse_recovered_phone
from web_admin.compound.age_bands import CHILD
from web_admin.compound.keys import private_key
from web_admin.compound.models import CredentialRow, Gate, GrantRow, Home, Person
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import seal_pin_tag
from web_admin.credentials.lifecycle import end_one
from web_admin.credentials.pins import taken_tags
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import opens_now_or_later

DEFAULT_PASS_HOURS = 24
MAX_PASS_DAYS = 7
MAX_DAYS_AHEAD = 30
MAX_USES = 255
MAX_CODE_MINUTES = 120
MAX_LIVE_CODES = 20
"""A home's live visitor codes: each makes a blind guess at that home a little likelier to hit."""

MEMBERS_INVITE = _(
    "Visitors are invited by the members of a home. Helpers and children under 14 ask one of them."
)


def issue_pass(
    act: Action,
    *,
    issuer_person_id: str | None,
    label: str,
    gate_numbers: Sequence[int],
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    uses: int = 0,
    for_themselves: bool = False,
) -> VisitorPassRow:
    """Sign a visitor's pass; `uses` 0 is as often as they like, issuer None is the manager.

    `for_themselves`: it replaces the issuer's own card, so a person who may not invite may have it.
    The window defaults to 24 hours from now. Raises ActionRefused when it is longer than 7 days or
    than the issuer's own grants, or when a counted pass names more than one gate.
    """
    begin(act)
    text = checked_text("label", label, max_chars=60)
    start, end = _window(act, valid_from, valid_until)
    gates = gates_numbered(act, gate_numbers, uses)
    if not for_themselves:
        check_may_invite(act, issuer_person_id)
    issuer_id = check_issuer(act, issuer_person_id, gates, start, end)
    numbers = tuple(gate.number for gate in gates)
    visitor_pass = VisitorPass(new_id(), issuer_id, numbers, start.astimezone(UTC), end.astimezone(UTC), uses)
    row = VisitorPassRow(
        pass_id=visitor_pass.pass_id,
        site_id=act.site_id,
        issuer_person_id=issuer_person_id,
        label=text,
        gate_numbers=list(numbers),
        valid_from=start,
        valid_until=end,
        uses=uses,
        text=_signed(act, visitor_pass),
        author_id=None if issuer_person_id is not None else act.actor_id,
        created_at=act.now,
    )
    act.session.add(row)
    finish(
        act,
        "pass_issued",
        {"pass_id": row.pass_id, "uses": uses, "gates": len(gates)},
        personal={"label": text},
        person_id=issuer_person_id,
        touches=(),
    )
    return row


def _window(act: Action, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    start = (since or act.now).replace(microsecond=0)
    end = (until or start + timedelta(hours=DEFAULT_PASS_HOURS)).replace(microsecond=0)
    _check_window(act, start, end)
    return start, end


def _signed(act: Action, visitor_pass: VisitorPass) -> str:
    key = private_key(act.session, act.sealer, act.site_id, "pass")
    return make_visitor_pass(key, act.site_id, visitor_pass)


def withdraw_pass(act: Action, pass_id: str) -> None:
    """End a visitor's pass before its time."""
    begin(act)
    row = act.session.get(VisitorPassRow, pass_id)
    if row is None or row.site_id != act.site_id:
        raise ActionRefused("pass", _("This pass is not known here."))
    if own_person_id(act) not in (None, row.issuer_person_id):
        raise ActionRefused(None, _("You can change only what is your own."))
    if row.withdrawn_at is None:
        row.withdrawn_at = act.now
    finish(act, "pass_withdrawn", {"pass_id": pass_id}, person_id=row.issuer_person_id, touches=())


def sign_passes_again(act: Action) -> int:
    """Sign every pass that may still be used with the site's present key; return how many.

    The caller publishes. Links show the new text; what was printed under the old key opens nothing more.
    """
    rows = act.session.scalars(
        select(VisitorPassRow).where(
            VisitorPassRow.site_id == act.site_id,
            opens_now_or_later(act.now),
            VisitorPassRow.text != "",
        )
    ).all()
    key = private_key(act.session, act.sealer, act.site_id, "pass")
    for row in rows:
        again = VisitorPass(
            row.pass_id,
            row.issuer_person_id or SITE_ITSELF,
            tuple(row.gate_numbers),
            row.valid_from.astimezone(UTC),
            row.valid_until.astimezone(UTC),
            row.uses,
        )
        row.text = make_visitor_pass(key, act.site_id, again)
    return len(rows)


def issue_visitor_code(
    act: Action,
    *,
    home_id: str,
    issuer_person_id: str,
    lanes: Sequence[str],
    valid_minutes: int = MAX_CODE_MINUTES,
) -> str:
    """Return eight digits for one visit, typed after the home's number, to be shown once.

    Raises ActionRefused, for lanes of more than one gate too: gates count uses each for itself.
    """
    begin(act)
    home, issuer = home_of(act, home_id), person_of(act, issuer_person_id)
    check_may_invite(act, issuer_person_id)
    refuse_recovered_phone(act, issuer)
    if issuer.home_id != home.home_id:
        raise ActionRefused("home", _("A code for a home is given out by someone who lives there."))
    if not 1 <= valid_minutes <= MAX_CODE_MINUTES:
        raise ActionRefused("valid_minutes", _("A visitor's code is valid for 1 to 120 minutes."))
    until = act.now + timedelta(minutes=valid_minutes)
    lane_ids = _code_lanes(act, issuer, lanes, until)
    if _live_codes(act, home) >= MAX_LIVE_CODES:
        raise ActionRefused(None, _("This home has twenty open codes. Wait until some have ended."))
    digits, tag = _fresh_code(act, home)
    code = CredentialRow(
        credential_id=new_id(),
        person_id=issuer_person_id,
        kind=CredentialKind.VISITOR_CODE,
        lanes=lane_ids,
        secret_sealed=seal_pin_tag(act.sealer, tag),
        valid_from=act.now,
        valid_until=until,
        created_at=act.now,
    )
    act.session.add(code)
    finish(act, "visitor_code_issued", {"credential_id": code.credential_id}, person_id=issuer_person_id)
    return digits


def gates_open_to(
    session: Session, person: Person, now: datetime, until: datetime | None = None
) -> list[Gate]:
    """Return the gates for which a person may invite someone from now until then, by number."""
    gates = select(Gate).where(Gate.site_id == person.site_id).order_by(Gate.number)
    return [
        gate
        for gate in session.scalars(gates.options(selectinload(Gate.lanes)))
        if _grants_at(person, {lane.lane_id for lane in gate.lanes}, now, until or now)
    ]


def gates_for_a_code(session: Session, person: Person, now: datetime) -> list[Gate]:
    """Return the gates with a keypad that a person may pass: where their visitor's code can be typed."""
    return [gate for gate in gates_open_to(session, person, now) if _own_lanes(gate, person, Method.PIN)]


def gates_for_a_pass(
    session: Session, person: Person, now: datetime, until: datetime | None = None
) -> list[Gate]:
    """Return the gates that a person may pass from now until then and that read a visitor's pass there."""
    gates = gates_open_to(session, person, now, until)
    return [gate for gate in gates if _own_lanes(gate, person, Method.QR)]


def reads_passes(gate: Gate) -> bool:
    """Return whether a lane of this gate has a reader of QR codes."""
    return any(Method.QR in lane.methods for lane in gate.lanes)


def lanes_for_a_code(session: Session, person: Person, gate_number: int | None, now: datetime) -> list[str]:
    """Return the lanes of one gate at which a visitor's code of this person can be typed.

    Without a number it is the person's only such gate; raises ActionRefused where there are several.
    """
    gates = gates_for_a_code(session, person, now)
    if gate_number is None and len(gates) == 1:
        return _own_lanes(gates[0], person, Method.PIN)
    chosen = [gate for gate in gates if gate.number == gate_number]
    if not chosen:
        raise ActionRefused("gate_number", _("Choose the gate at which the code is to be typed."))
    return _own_lanes(chosen[0], person, Method.PIN)


def _own_lanes(gate: Gate, person: Person, method: Method) -> list[str]:
    """Return the lanes of a gate that read this method and that the person may pass at some hour."""
    own = {lane_id for grant in person.grants for lane_id in grant.lanes}
    return [lane.lane_id for lane in gate.lanes if method in lane.methods and lane.lane_id in own]


def _check_window(act: Action, start: datetime, end: datetime) -> None:
    checked_window(start, end, act.now)
    if end - start > timedelta(days=MAX_PASS_DAYS):
        raise ActionRefused("valid_until", _("A visitor's pass is valid for 7 days at most."))
    if start > act.now + timedelta(days=MAX_DAYS_AHEAD):
        raise ActionRefused("valid_from", _("A visitor's pass starts within the next 30 days."))


def gates_numbered(act: Action, numbers: Sequence[int], uses: int) -> list[Gate]:
    """Return the gates of these numbers, each with a QR reader; raise ActionRefused."""
    wanted = sorted(set(numbers))
    if not 1 <= len(wanted) <= MAX_PASS_GATES:
        raise ActionRefused("gate_numbers", _("Choose 1 to 32 gates."))
    if not 0 <= uses <= MAX_USES:
        raise ActionRefused("uses", _("A pass is for 1 to 255 visits, or for as many as they like."))
    if uses and len(wanted) != 1:
        raise ActionRefused(
            "gate_numbers",
            _("A pass for a number of visits names exactly one gate, because gates count each for itself."),
        )
    gates = list(
        act.session.scalars(
            select(Gate).where(Gate.site_id == act.site_id, Gate.number.in_(wanted)).order_by(Gate.number)
        )
    )
    if len(gates) != len(wanted):
        raise ActionRefused("gate_numbers", _("One of these gates does not exist here."))
    for gate in gates:
        if not reads_passes(gate):
            raise ActionRefused("gate_numbers", _("The gate %(gate)s reads no QR codes.", gate=gate.name))
    return gates


def may_invite(person: Person) -> bool:
    """Return whether a person may invite visitors: no helper who works in the home, no child under 14."""
    return person.kind != "helper" and person.age_band != CHILD


def check_may_invite(act: Action, issuer_person_id: str | None) -> None:
    """Raise ActionRefused for an issuer who may not invite; None is the manager."""
    if issuer_person_id is not None and not may_invite(person_of(act, issuer_person_id)):
        raise ActionRefused(None, MEMBERS_INVITE)


def check_issuer(
    act: Action, issuer_person_id: str | None, gates: Sequence[Gate], start: datetime, end: datetime
) -> str:
    """Return the id that a pass names as its issuer; raise ActionRefused where it exceeds their rights."""
    if issuer_person_id is None:
        if act.channel not in ("manager", "desk", "system", "api") or act.served is not None:
            raise ActionRefused(None, _("You can invite visitors in your own name only."))
        return SITE_ITSELF
    issuer = person_of(act, issuer_person_id)
    refuse_recovered_phone(act, issuer)
    if issuer.suspended:
        raise ActionRefused(None, _("A person who may not pass at present cannot invite visitors."))
    for gate in gates:
        if not _grants_at(issuer, {lane.lane_id for lane in gate.lanes}, start, end):
            raise ActionRefused(
                "gate_numbers",
                _(
                    "A pass for the gate %(gate)s may not reach further than your own right to pass there.",
                    gate=gate.name,
                ),
            )
    return issuer.person_id


def _grants_at(person: Person, lane_ids: set[str], start: datetime, end: datetime) -> list[GrantRow]:
    """Return the grants that cover one of the lanes for the whole window.

    Weekly hours are not asked here: the gate asks them at each visit.
    """
    return [
        grant
        for grant in person.grants
        if lane_ids & set(grant.lanes)
        and (grant.valid_from is None or grant.valid_from <= start)
        and (grant.valid_until is None or end <= grant.valid_until)
    ]


def _code_lanes(act: Action, issuer: Person, lanes: Sequence[str], until: datetime) -> list[str]:
    wanted = list(dict.fromkeys(lanes))
    if not wanted:
        raise ActionRefused("lanes", _("Choose at least one lane."))
    if issuer.suspended:
        raise ActionRefused(None, _("A person who may not pass at present cannot invite visitors."))
    lanes_wanted = [lane_of(act, lane_id) for lane_id in wanted]
    if len({lane.gate_id for lane in lanes_wanted}) != 1:
        raise ActionRefused(
            "lanes", _("A visitor's code is typed at one gate, because gates count each for itself.")
        )
    for lane in lanes_wanted:
        if Method.PIN not in lane.methods:
            raise ActionRefused("lanes", _("The lane %(lane)s has no keypad.", lane=lane.name))
        if not _grants_at(issuer, {lane.lane_id}, act.now, until):
            raise ActionRefused(
                "lanes",
                _(
                    "A code for %(lane)s may not reach further than your own right to pass there.",
                    lane=lane.name,
                ),
            )
    return wanted


def _live_codes(act: Action, home: Home) -> int:
    """Count the home's open codes, and end the ones whose time is over."""
    codes = act.session.scalars(
        select(CredentialRow)
        .join(Person)
        .where(
            Person.home_id == home.home_id,
            CredentialRow.kind == CredentialKind.VISITOR_CODE,
            CredentialRow.state != "ended",
        )
    ).all()
    over = [code for code in codes if has_ended_by_time(code, act.now)]
    for code in over:
        end_one(act, code, "expired")
    return len(codes) - len(over)


def _fresh_code(act: Action, home: Home) -> tuple[str, bytes]:
    taken = taken_tags(act, home)
    while True:
        digits = make_visitor_code()
        tag = argon2_tag(digits, home.pin_salt)
        if tag not in taken:
            return digits, tag
