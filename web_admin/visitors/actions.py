"""Actions on visitors: signed passes for a phone or paper, typed codes for couriers.

A visitor may never do more than who invited them: the gates and the end of a pass stay inside the
issuer's own grants, and at the gate the issuer's grant is asked again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.credential_kinds import has_ended_by_time
from gate_controller.contract.passes import SITE_ITSELF, VisitorPass, make_visitor_pass
from gate_controller.contract.pins import argon2_tag, make_visitor_code
from gate_controller.contract.records import CredentialKind, Method
from web_admin.action.base import Action, begin, checked_text, checked_window, finish, new_id, own_person_id
from web_admin.action.lookups import home_of, lane_of, person_of
from web_admin.action.phone_verification import refuse_recovered_phone
from web_admin.compound.age_bands import CHILD
from web_admin.compound.gate_names import full_name
from web_admin.compound.keys import private_key
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import seal_pin_tag
from web_admin.credentials.lifecycle import end_one
from web_admin.credentials.pins import taken_tags
from web_admin.visitors.gate_sets import LISTED, GateChoice, issuer_id_of, numbers_of
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import opens_now_or_later
from web_admin.visitors.reach import grants_at

DEFAULT_PASS_HOURS = 24
MAX_PASS_DAYS = 7
MAX_DAYS_AHEAD = 30
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
    gate_numbers: Sequence[int] = (),
    gate_set: str = LISTED,
    place_id: str | None = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    uses: int = 0,
    for_themselves: bool = False,
) -> VisitorPassRow:
    """Sign a visitor's pass; `uses` 0 is as often as they like, issuer None is the manager.

    The gates are those of a list, or a set (`gate_sets.GateChoice`).

    `for_themselves`: it replaces the issuer's own card, so a person who may not invite may have it.
    The window defaults to 24 hours from now. Raises ActionRefused when it is longer than 7 days or
    than the issuer's own grants, or when a counted pass names more than one gate.
    """
    begin(act)
    text = checked_text("label", label, max_chars=60)
    start, end = _window(act, valid_from, valid_until)
    if not for_themselves:
        check_may_invite(act, issuer_person_id)
    issuer_id = issuer_id_of(act, issuer_person_id)
    gates = GateChoice(gate_numbers, gate_set, place_id)
    numbers = tuple(numbers_of(act, gates, issuer_person_id, start, end, uses))
    visitor_pass = VisitorPass(new_id(), issuer_id, numbers, start.astimezone(UTC), end.astimezone(UTC), uses)
    row = VisitorPassRow(
        pass_id=visitor_pass.pass_id,
        site_id=act.site_id,
        issuer_person_id=issuer_person_id,
        label=text,
        gate_numbers=list(numbers),
        gate_set=gate_set,
        place_id=place_id,
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
        {"pass_id": row.pass_id, "uses": uses, "gates": len(numbers)},
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
        raise ActionRefused("pass", _("There is no such pass."))
    if own_person_id(act) not in (None, row.issuer_person_id):
        raise ActionRefused(None, _("You can change only what is your own."))
    if row.withdrawn_at is None:
        row.withdrawn_at = act.now
    finish(act, "pass_withdrawn", {"pass_id": pass_id}, person_id=row.issuer_person_id, touches=())


def reopen_pass(act: Action, pass_id: str) -> None:
    """Let a pass open again that was withdrawn by mistake; raise ActionRefused."""
    begin(act)
    row = act.session.get(VisitorPassRow, pass_id)
    if row is None or row.site_id != act.site_id:
        raise ActionRefused("pass", _("There is no such pass."))
    if row.withdrawn_at is not None:
        row.withdrawn_at = None
        finish(act, "pass_reopened", {"pass_id": pass_id}, person_id=row.issuer_person_id, touches=())


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
    sign_as_they_are(act, rows)
    return len(rows)


def sign_as_they_are(act: Action, rows: Sequence[VisitorPassRow]) -> None:
    """Sign passes with the site's present key, each as its row is now; links show the new code."""
    if not rows:
        return
    key = private_key(act.session, act.sealer, act.site_id, "pass")
    for row in rows:
        row.text = make_visitor_pass(key, act.site_id, _of_row(row))


def _of_row(row: VisitorPassRow) -> VisitorPass:
    return VisitorPass(
        row.pass_id,
        row.issuer_person_id or SITE_ITSELF,
        tuple(row.gate_numbers),
        row.valid_from.astimezone(UTC),
        row.valid_until.astimezone(UTC),
        row.uses,
    )


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
        raise ActionRefused("home", _("Only people who live in a home can give out its codes."))
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


def _check_window(act: Action, start: datetime, end: datetime) -> None:
    checked_window(start, end, act.now)
    if end - start > timedelta(days=MAX_PASS_DAYS):
        raise ActionRefused("valid_until", _("A visitor's pass is valid for 7 days at most."))
    if start > act.now + timedelta(days=MAX_DAYS_AHEAD):
        raise ActionRefused("valid_from", _("A visitor's pass starts within the next 30 days."))


def may_invite(person: Person) -> bool:
    """Return whether a person may invite visitors: no helper who works in the home, no child under 14."""
    return person.kind != "helper" and person.age_band != CHILD


def check_may_invite(act: Action, issuer_person_id: str | None) -> None:
    """Raise ActionRefused for an issuer who may not invite; None is the manager."""
    if issuer_person_id is not None and not may_invite(person_of(act, issuer_person_id)):
        raise ActionRefused(None, MEMBERS_INVITE)


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
            raise ActionRefused("lanes", _("The lane %(lane)s has no keypad.", lane=full_name(lane)))
        if not grants_at(issuer, {lane.lane_id}, act.now, until):
            raise ActionRefused(
                "lanes",
                _(
                    "A code for %(lane)s may not go beyond your own right to pass there.",
                    lane=full_name(lane),
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
