"""Actions on homes, the people in them, their grants, and how people come and go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select, update

from gate_controller.contract.credential_kinds import KINDS_OF_PERSONS
from gate_controller.contract.languages import DEFAULT_LANGUAGE, LANGUAGES
from web_admin.accounts.residents import end_resident_sign_in
from web_admin.action.base import (
    NO_GATE,
    Action,
    Channel,
    begin,
    checked_text,
    checked_window,
    finish,
    new_id,
    office_only,
    own_person_id,
)
from web_admin.action.lock_outs import kept_in
from web_admin.action.lookups import home_of, hours_of, lane_of, person_of
from web_admin.action.suspension_reasons import OF_GRANTS
from web_admin.action.suspension_rows import end_suspensions
from web_admin.calls.ends import end_calls_of
from web_admin.compound.models import Gate, GrantRow, Lane, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.lifecycle import end_live
from web_admin.credentials.models import TwoMethodRequest
from web_admin.face.endings import forget_face
from web_admin.face.guardians import end_guardianship
from web_admin.messages.push_phones import Owner, remove_every_phone
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.messages.subscriptions import MOVED_OUT_TEXT, notify
from web_admin.people.helper_rights import fit_helpers, helpers_left_alone, helpers_under
from web_admin.people.invitations import revoke_invitations
from web_admin.people.usual_lanes import UsualLanes
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.weekly import end_series_of

KINDS = ("resident", "helper", "staff")
AGE_BANDS = ("adult", "14_17", "under_14")


@dataclass(frozen=True, slots=True)
class GrantSpec:
    """Lanes that a person may pass, in these hours, within these dates."""

    lanes: tuple[str, ...]
    hours_id: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


def add_person(
    act: Action,
    *,
    display_name: str,
    home_id: str | None = None,
    kind: str = "resident",
    age_band: str = "adult",
    language: str = DEFAULT_LANGUAGE,
    lanes: Sequence[str] | None = None,
) -> Person:
    """Add a person who may pass the lanes (None: the usual ones) at all times, by card only."""
    begin(act)
    name = checked_text("display_name", display_name)
    _one_of("kind", kind, KINDS)
    _one_of("age_band", age_band, AGE_BANDS)
    _one_of("language", language, LANGUAGES)
    home = home_of(act, home_id) if home_id is not None else None
    person = Person(
        person_id=new_id(),
        site_id=act.site_id,
        display_name=name,
        kind=kind,
        age_band=age_band,
        home_id=home_id,
        language=language,
        methods=["card"],
        created_at=act.now,
    )
    act.session.add(person)
    passable = UsualLanes(act).of_person(kind, home) if lanes is None else tuple(lanes)
    if passable:
        person.grants.append(new_grant(act, GrantSpec(passable)))
    finish(act, "person_added", {"kind": kind}, personal={"name": name}, person_id=person.person_id)
    return person


def edit_person(act: Action, person_id: str, *, display_name: str, language: str, slow_pass: bool) -> None:
    """Correct a person's name, language and whether gates wait longer for them.

    Neither name nor language travels to a gate: they are published nowhere.
    """
    begin(act)
    person = person_of(act, person_id)
    before, waited_longer = person.display_name, person.slow_pass
    person.display_name = checked_text("display_name", display_name)
    _one_of("language", language, LANGUAGES)
    person.language, person.slow_pass = language, slow_pass
    finish(
        act,
        "person_edited",
        {"slow_pass": slow_pass},
        personal={"name_before": before, "name": person.display_name},
        person_id=person_id,
        gates=NO_GATE if slow_pass == waited_longer else None,
    )


def choose_own_language(act: Action, person_id: str, language: str) -> None:
    """Take the language of a person's pages, mails and spoken texts, on their own choice."""
    begin(act)
    person = person_of(act, person_id)
    _one_of("language", language, LANGUAGES)
    if person.language != language:
        person.language = language
        finish(act, "language_chosen", {"language": language}, person_id=person_id, touches=())


def set_grants(act: Action, person_id: str, specs: Sequence[GrantSpec]) -> None:
    """Replace where and when a person may pass."""
    begin(act)
    person = person_of(act, person_id)
    grants = [new_grant(act, spec) for spec in specs]
    _take_grants(act, person, grants)


def replace_grant(act: Action, person_id: str, grant_id: str, spec: GrantSpec) -> None:
    """Replace one of several grants of a person, or withdraw it where no lane is left; the others stay."""
    begin(act)
    person = person_of(act, person_id)
    others = [grant for grant in person.grants if grant.grant_id != grant_id]
    if len(others) == len(person.grants):
        raise ActionRefused(None, _("These hours were changed meanwhile. Look at them once more."))
    _take_grants(act, person, [*others, new_grant(act, spec)] if spec.lanes else others)


def _take_grants(act: Action, person: Person, grants: list[GrantRow]) -> None:
    helpers = helpers_under(act.session, [person.person_id])
    with kept_in(act, "grants_set", [one.person_id for one in (person, *helpers)], OF_GRANTS):
        person.grants = grants
        cut = fit_helpers(act.session, person, act.now)
        facts = {"count": len(grants)}
        finish(act, "grants_set", facts, person_id=person.person_id, touches=(person.person_id, *cut))


def set_may_override(act: Action, person_id: str, may_override: bool) -> None:
    """Grant or revoke a staff member's right to open in lockdown and hold lanes open at the gate."""
    begin(act)
    person = person_of(act, person_id)
    office_only(act, _("Only the property manager gives this right."))
    if may_override and person.kind != "staff":
        raise ActionRefused("person", _("Only staff may open in lockdown and hold lanes open."))
    person.may_override = may_override
    finish(act, "override_right_set", {"may_override": may_override}, person_id=person_id)


def move_out(act: Action, person_id: str) -> None:
    """End everything a person has here at once: ways in, grants, visitors' passes, face."""
    begin(act)
    person = person_of(act, person_id)
    alone = helpers_left_alone(act.session, person, act.now)
    for helper_id in alone:
        move_out(replace(act, channel=_channel_for_others(act), publishes=False, served=None), helper_id)
    for kind in KINDS_OF_PERSONS:
        end_live(act, person_id, kind, "moved_out")
    forget_face(act, person, "moved_out")
    end_guardianship(act, person)
    act.session.execute(
        update(VisitorPassRow)
        .where(VisitorPassRow.issuer_person_id == person_id, VisitorPassRow.withdrawn_at.is_(None))
        .values(withdrawn_at=act.now)
    )
    end_series_of(act, person_id)
    revoke_invitations(act, person_id)
    remove_every_phone(act.session, Owner(person_id=person_id))
    end_calls_of(act.session, person_id)
    end_resident_sign_in(act.session, person_id)
    if own_person_id(act) is None and act.channel != "home" and person.home_id is not None:
        notify(act.session, person_id, "card_stopped", act.now, MOVED_OUT_TEXT)
    subscribed = NotificationSubscription.person_id == person_id
    act.session.execute(delete(NotificationSubscription).where(subscribed))
    act.session.execute(delete(TwoMethodRequest).where(TwoMethodRequest.person_id == person_id))
    person.grants = []
    person.methods, person.face_paused_reason, person.phone_unproven = ["card"], None, None
    person.may_override = False
    end_suspensions(act.session, act.now, person_id)
    person.ended_at = act.now
    finish(act, "person_moved_out", {}, person_id=person_id, touches=(person_id, *alone))


# -- shared ----------------------------------------------------------------------------------------


def _channel_for_others(act: Action) -> Channel:
    return act.channel if own_person_id(act) is None else "home"


def new_grant(act: Action, spec: GrantSpec) -> GrantRow:
    """Return a grant that belongs to no one yet; raise ActionRefused beside the field that is wrong."""
    return new_grants(act, spec, 1)[0]


def new_grants(act: Action, spec: GrantSpec, count: int) -> list[GrantRow]:
    """Return equal grants that belong to no one yet, checked once; raise ActionRefused."""
    if not spec.lanes:
        raise ActionRefused("lanes", _("Choose at least one lane."))
    checked_window(spec.valid_from, spec.valid_until, act.now)
    lanes = list(dict.fromkeys(spec.lanes))
    for unknown in set(lanes).difference(all_lanes(act)):
        lane_of(act, unknown)  # refuses, and says which one it is
    hours_id = hours_of(act, spec.hours_id).hours_id if spec.hours_id else None
    return [
        GrantRow(
            grant_id=new_id(),
            lanes=list(lanes),
            hours_id=hours_id,
            valid_from=spec.valid_from,
            valid_until=spec.valid_until,
        )
        for _number in range(count)
    ]


def all_lanes(act: Action) -> tuple[str, ...]:
    """Return the ids of all lanes of the site, in order."""
    return tuple(
        act.session.scalars(
            select(Lane.lane_id)
            .join(Gate)
            .where(Gate.site_id == act.site_id, Gate.state != "retired")
            .order_by(Lane.lane_id)
        )
    )


def _one_of(field: str, value: str, legal: tuple[str, ...]) -> None:
    if value not in legal:
        raise ActionRefused(field, _("Choose one of the offered values."))
