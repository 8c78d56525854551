"""Print invitations or PINs of whole buildings: made in parts, shown once, handed out or cancelled.

A new PIN is only a sealed number on its way until staff confirm that the slips were handed out: till then
every old PIN works, and a cancelled run has changed nothing at any gate. Invitations can be used from the
moment they are made, and a cancelled run takes back the unused ones.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import shorten

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select, update

from gate_controller.contract.records import CredentialKind
from web_admin.action.base import Action, begin, finish, new_id, publish, record
from web_admin.action.lock_outs import kept_in
from web_admin.action.suspension_reasons import OF_NEW_ONES
from web_admin.compound.models import UNASSIGNED, Home, Invitation, Person
from web_admin.core.orm import Fact
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import open_pin_tag, seal_pin_tag
from web_admin.credentials.lifecycle import end_live, live_credentials
from web_admin.credentials.pins import add_pin, make_pin_for, taken_tags
from web_admin.face.lost_methods import pause_faces_given_with
from web_admin.people.bulk_actions import plan_act
from web_admin.people.bulk_queries import candidates_of
from web_admin.people.bulk_rules import BulkKind, why_no_pin
from web_admin.people.invitations import invite, revoke_invitations
from web_admin.people.print_models import PrintRun, PrintSlip

INVITATIONS, PINS = "invitations", "pins"
INVITATION_HOURS = 336
"""Fourteen days: slips lie in letter boxes for a while."""
A_PART = {INVITATIONS: 100, PINS: 15}
"""How many are made at a time: a PIN is some 50 ms of work, and no request lasts long."""
PLANS: Mapping[str, BulkKind] = {INVITATIONS: "print_invitations", PINS: "print_pins"}
MOST = 1000
"""People of one run: some seconds to draw, and two packets of paper."""
OPEN_STATES = ("making", "ready", "shown")
PURPOSE = "print-slip"


@dataclass(frozen=True, slots=True, repr=False)
class ShownSlip:
    """One page: for whom, in which language, and the secret that is shown this once."""

    person_id: str
    name: str
    home_number: str
    language: str
    secret: str


def buildings_of(act: Action) -> dict[str, int]:
    """Return the buildings of the site, the part of a home's number before its first dash, with homes."""
    found: dict[str, int] = {}
    for number in act.session.scalars(select(Home.number).where(Home.site_id == act.site_id)):
        building = number.partition("-")[0]
        found[building] = found.get(building, 0) + 1
    return dict(sorted(found.items(), key=lambda each: (len(each[0]), each[0])))


def begin_run(act: Action, kind: str, buildings: Sequence[str], *, everyone: bool = False) -> PrintRun:
    """Choose the people of these buildings: those without a phone page or PIN yet, or with PINs everyone.

    Raises ActionRefused when no one is left, when there are too many, or while another run waits for its end.
    """
    begin(act)
    if kind not in A_PART:
        raise ActionRefused("kind", _("Choose one of the offered values."))
    if not buildings:
        raise ActionRefused("buildings", _("Choose at least one building."))
    _refuse_a_second_run(act, kind)
    chosen, left_out = _people(act, kind, buildings, everyone=everyone)
    if not chosen:
        raise ActionRefused("buildings", _("No one there needs one: everyone has one already."))
    if len(chosen) > MOST:
        raise ActionRefused(
            "buildings", _("At most %(count)s people at a time. Choose fewer buildings.", count=MOST)
        )
    return _begun(act, kind, chosen, left_out, shorten(" ".join(buildings), 120))


def begin_run_for(act: Action, kind: str, person_ids: Collection[str]) -> PrintRun:
    """Begin a run for these people: for those of them who have no phone page, or no PIN, yet.

    Raises ActionRefused when no one is left, when there are too many, or while another run waits for its end.
    """
    begin(act)
    plan = plan_act(act, PLANS[kind], person_ids)
    if not plan.chosen:
        raise ActionRefused(None, _("There is no one left for whom this can be done."))
    _refuse_a_second_run(act, kind)
    return _begun(act, kind, [each.person.person_id for each in plan.chosen], len(plan.left_out), "")


def _refuse_a_second_run(act: Action, kind: str) -> None:
    waiting = select(PrintRun.run_id).where(
        PrintRun.site_id == act.site_id, PrintRun.kind == kind, PrintRun.state.in_(OPEN_STATES)
    )
    if act.session.scalars(waiting).first() is not None:
        raise ActionRefused(
            None, _("Another run is not ended yet. Say that it was handed out, or cancel it.")
        )


def _begun(act: Action, kind: str, chosen: Sequence[str], left_out: int, buildings: str) -> PrintRun:
    run = PrintRun(
        run_id=new_id(),
        site_id=act.site_id,
        kind=kind,
        buildings=buildings,
        author_id=act.actor_id,
        total=len(chosen),
        left_out=left_out,
        created_at=act.now,
    )
    act.session.add(run)
    act.session.flush()
    act.session.add_all(
        PrintSlip(run_id=run.run_id, position=position, person_id=person_id)
        for position, person_id in enumerate(chosen, start=1)
    )
    record(act, "print_run_begun", {"run_id": run.run_id, "kind_of_run": kind, "people": len(chosen)})
    return run


def _people(act: Action, kind: str, buildings: Sequence[str], *, everyone: bool) -> tuple[list[str], int]:
    here = (
        select(Person.person_id, Home.number)
        .join(Home, Home.home_id == Person.home_id)
        .where(Person.site_id == act.site_id, Person.ended_at.is_(None), Person.kind != UNASSIGNED)
    )
    ids = [
        person_id
        for person_id, number in act.session.execute(here)
        if number.partition("-")[0] in set(buildings)
    ]
    people = candidates_of(act.session, act.site_id, ids, act.now)
    if kind == INVITATIONS:
        chosen = [each for each in people if not each.has_page]
    else:
        chosen = [each for each in people if why_no_pin(each, everyone=everyone) is None]
    return [each.person.person_id for each in chosen], len(ids) - len(chosen)


def make_part(act: Action, run_id: str) -> PrintRun:
    """Make the next part of a run; the last one makes it ready. Nothing is published by this."""
    begin(act)
    run = _open_run(act, run_id, "making")
    inner = replace(act, publishes=False)
    slips = act.session.scalars(
        select(PrintSlip)
        .where(PrintSlip.run_id == run_id, PrintSlip.position > run.done)
        .order_by(PrintSlip.position)
        .limit(A_PART[run.kind])
    ).all()
    for slip in slips:
        _make(inner, run, slip)
        run.done = slip.position
    if run.done >= run.total:
        run.state = "ready"
    act.session.flush()
    return run


def _make(act: Action, run: PrintRun, slip: PrintSlip) -> None:
    person = act.session.get(Person, slip.person_id)
    if person is None or person.ended_at is not None or person.home is None:
        return  # moved out since the run began
    if run.kind == INVITATIONS and _opened_their_page(act, person.person_id):
        return  # a second invitation would end what they have set up meanwhile
    if run.kind == INVITATIONS:
        secret = invite(act, person.person_id, INVITATION_HOURS)
    else:
        number = make_pin_for(act, person, person.home)
        secret = number.digits
        slip.tag_sealed = seal_pin_tag(act.sealer, number.tag)
    slip.secret_sealed = act.sealer.seal(secret.encode(), purpose=PURPOSE)


def _opened_their_page(act: Action, person_id: str) -> bool:
    used = select(Invitation.invitation_id).where(
        Invitation.person_id == person_id, Invitation.used_at.is_not(None)
    )
    return act.session.scalars(used.limit(1)).first() is not None


def show_slips(act: Action, run_id: str) -> list[ShownSlip]:
    """Return everything to print and delete it: a second call returns nothing."""
    begin(act)
    run = _open_run(act, run_id, "ready")
    rows = act.session.execute(
        select(PrintSlip, Person, Home.number)
        .join(Person, Person.person_id == PrintSlip.person_id)
        .join(Home, Home.home_id == Person.home_id)
        .where(PrintSlip.run_id == run_id, PrintSlip.secret_sealed.is_not(None))
        .order_by(PrintSlip.position)
    ).all()
    shown = [
        ShownSlip(
            person.person_id,
            person.display_name,
            number,
            person.language,
            act.sealer.open(slip.secret_sealed or b"", purpose=PURPOSE).decode(),
        )
        for slip, person, number in rows
    ]
    act.session.execute(update(PrintSlip).where(PrintSlip.run_id == run_id).values(secret_sealed=None))
    run.state, run.shown_at = "shown", act.now
    record(act, "print_run_shown", {"run_id": run_id, "slips": len(shown)})
    return shown


def hand_out(act: Action, run_id: str) -> int:
    """Activate the new PINs of a run, all in one publication; return how many people got theirs.

    Who moved out, got another PIN meanwhile, or whose home took the same digits keeps what they have. Raises
    LockOutRefused, as one new PIN does, where an old one was the last way in hand and no reason is given.
    """
    begin(act)
    run = _open_run(act, run_id, "shown")
    inner = replace(act, publishes=False)
    slips = _slips(act, run_id) if run.kind == PINS else ()
    with kept_in(act, "pin_issued", [slip.person_id for slip in slips], OF_NEW_ONES):
        given = [touched for slip in slips if (touched := _give_pin(inner, run, slip))]
        if given:
            publish(act, frozenset().union(*given))
    run.state, run.ended_at = "handed_out", act.now
    act.session.execute(delete(PrintSlip).where(PrintSlip.run_id == run_id))
    record(act, "print_run_handed_out", {"run_id": run_id, "slips": run.total})
    return len(given) if run.kind == PINS else run.total


def _give_pin(act: Action, run: PrintRun, slip: PrintSlip) -> frozenset[str]:
    """Give the new PIN; return whom it concerns: its person, and those whose faces the old one gave."""
    person = act.session.get(Person, slip.person_id)
    if slip.tag_sealed is None or person is None or person.ended_at is not None or person.home is None:
        return frozenset()
    tag = open_pin_tag(act.sealer, slip.tag_sealed)
    live = live_credentials(act, person.person_id, CredentialKind.PIN)
    newer = any(row.created_at > run.created_at for row in live)
    if newer or tag in taken_tags(act, person.home):
        return frozenset()
    paused = [each for old in live for each in pause_faces_given_with(act, old, "replaced")]
    end_live(act, person.person_id, CredentialKind.PIN, "replaced")
    add_pin(act, person, tag, duress=False)
    facts: dict[str, Fact] = {"run_id": slip.run_id} | ({"replaced_by_others": True} if live else {})
    finish(act, "pin_issued", facts, person_id=person.person_id)
    return frozenset([person.person_id, *paused])


def cancel_run(act: Action, run_id: str) -> None:
    """Cancel a run: its PINs never worked, and its unused invitations are revoked."""
    begin(act)
    run = _open_run(act, run_id, *OPEN_STATES)
    if run.kind == INVITATIONS:
        for slip in _slips(act, run_id):
            if slip.position <= run.done:
                revoke_invitations(act, slip.person_id)
    act.session.execute(delete(PrintSlip).where(PrintSlip.run_id == run_id))
    run.state, run.ended_at = "cancelled", act.now
    record(act, "print_run_cancelled", {"run_id": run_id})


def _slips(act: Action, run_id: str) -> Sequence[PrintSlip]:
    query = select(PrintSlip).where(PrintSlip.run_id == run_id).order_by(PrintSlip.position)
    return act.session.scalars(query).all()


def _open_run(act: Action, run_id: str, *states: str) -> PrintRun:
    run = act.session.get(PrintRun, run_id, with_for_update=True)
    if run is None or run.site_id != act.site_id:
        raise ActionRefused(None, _("There is no such run."))
    if run.state not in states:
        raise ActionRefused(None, _("This was already done a moment ago. It was not done twice."))
    return run


def newest_runs(act: Action, limit: int) -> Sequence[PrintRun]:
    """Return the newest runs of the site."""
    query = select(PrintRun).where(PrintRun.site_id == act.site_id).order_by(PrintRun.created_at.desc())
    return act.session.scalars(query.limit(limit)).all()
