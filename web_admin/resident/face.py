"""Face, only if asked for: the notice on its own screen, a no that leads to another way, the way back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import abort, flash, render_template, request
from flask_babel import get_locale, gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from web_admin.accounts import resident_required
from web_admin.acts import Act
from web_admin.consents import NOTICE_FIELDS, face_state, give_face_consent, newest_notice, withdraw_face
from web_admin.custody import FACE_PURPOSE
from web_admin.database import request_session
from web_admin.models import Consent, Gate, Notice, Person, ReceiptRow
from web_admin.resident.blueprint import bp, signed_in, site_of, to
from web_admin.resident.ways_in import ways_of

LEASE_HOURS = 72


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How far one gate is with forgetting: its signed receipt, or until when its lease can last."""

    gate_name: str
    receipt_at: datetime | None
    lease_ends_at: datetime


def forgettings_of(consent: Consent) -> list[Forgetting]:
    """Return what each gate said about a withdrawn consent.

    A gate that never had a lane for face has nothing to forget and is not waited for.
    """
    session = request_session()
    if consent.withdrawn_at is None:
        return []
    receipts = {
        row.gate_id: row.received_at
        for row in session.scalars(select(ReceiptRow).where(ReceiptRow.consent_id == consent.consent_id))
    }
    person = session.get_one(Person, consent.person_id)
    gates = session.scalars(select(Gate).where(Gate.site_id == person.site_id).order_by(Gate.number))
    return [
        Forgetting(gate.name, receipts.get(gate.gate_id), consent.withdrawn_at + timedelta(hours=LEASE_HOURS))
        for gate in gates
        if gate.gate_id in receipts or any("face" in lane.methods for lane in gate.lanes)
    ]


def last_withdrawn(person_id: str) -> Consent | None:
    """Return the consent to face that was withdrawn last, if any."""
    return request_session().scalars(
        select(Consent)
        .where(
            Consent.person_id == person_id,
            Consent.purpose == FACE_PURPOSE,
            Consent.withdrawn_at.is_not(None),
        )
        .order_by(Consent.withdrawn_at.desc())
        .limit(1)
    ).first()


def notice_fields(notice: Notice) -> list[tuple[str, str]]:
    """Return a notice's parts in their fixed order, with headings in the page's language."""
    headings = {
        "handler_name": gettext("Who handles it"),
        "handler_contact": gettext("How to reach them"),
        "purpose": gettext("What it is for"),
        "method": gettext("How it works"),
        "retention": gettext("How long it is kept"),
        "necessity": gettext("Do you need it?"),
        "effect": gettext("What it means for you"),
        "rights": gettext("Your rights"),
        "complaints": gettext("Where to complain"),
    }
    return [(headings[name], notice.fields[name]) for name in NOTICE_FIELDS if name in notice.fields]


def _offered_to(person: Person) -> Notice:
    language = "zh" if str(get_locale()).startswith("zh") else "en"
    notice = newest_notice(request_session(), FACE_PURPOSE, language)
    if notice is None or not site_of(person).face_enabled:
        abort(404)
    return notice


@bp.get("/face")
@resident_required
def face() -> str:
    """Show the notice to whoever has face off, and how it stands to whoever has it on."""
    person, act = signed_in()
    state = face_state(act.session, person.person_id)
    withdrawn = last_withdrawn(person.person_id)
    if state.state in ("on", "paused"):
        return _status(person, act)
    if withdrawn is not None and request.args.get("show") == "receipts":
        return render_template(
            "resident/face_forgotten.html", person=person, site=site_of(person), consent=withdrawn,
            forgettings=forgettings_of(withdrawn), tab="ways_in",
        )
    notice = _offered_to(person)
    return render_template(
        "resident/face_notice.html", person=person, site=site_of(person), notice=notice,
        fields=notice_fields(notice), tab="ways_in",
    )


def _status(person: Person, act: Act) -> str:
    state = face_state(act.session, person.person_id)
    gates = act.session.scalars(select(Gate).where(Gate.gate_id.in_(state.gate_ids)).order_by(Gate.number))
    return render_template(
        "resident/face_on.html", person=person, site=site_of(person), state=state,
        gates=[gate.name for gate in gates], tab="ways_in",
    )


@bp.post("/face/yes")
@resident_required
def give_face() -> Response:
    """Record the person's consent to exactly the notice they were shown."""
    person, act = signed_in()
    version, language = request.form.get("notice_version", ""), request.form.get("language", "")
    give_face_consent(act, person.person_id, int(version) if version.isdecimal() else 0, language)
    return to("resident.face")


@bp.get("/face/off")
@resident_required
def ask_withdraw_face() -> str:
    """Ask once before face is switched off."""
    person, _act = signed_in()
    return render_template("resident/face_off.html", person=person, site=site_of(person), tab="ways_in")


@bp.post("/face/off")
@resident_required
def withdraw_face_now() -> Response:
    """End the consent, destroy the shares and tell the gates, in one go."""
    person, act = signed_in()
    withdraw_face(act, person.person_id)
    flash(gettext("Face is off. Your other ways in work as before."), "done")
    return to("resident.face", show="receipts")


@bp.get("/another-way")
@resident_required
def another_way() -> str:
    """Offer the ways in without face, at once, to whoever said no; nothing of the no is kept."""
    person, act = signed_in()
    ways = [way for way in ways_of(person, act.now) if way.method != "face"]
    return render_template(
        "resident/another_way.html", person=person, site=site_of(person), ways=ways, tab="ways_in"
    )
