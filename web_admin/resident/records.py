"""Page of the own records: passages, who looked and why, consents with their exact text."""

from datetime import datetime

from flask import Response, abort, render_template, request
from sqlalchemy import func, select

from web_admin.action.base import Act
from web_admin.compound.models import Gate, Person
from web_admin.core.database import request_session
from web_admin.core.sealed_places import opened_place, sealed_place
from web_admin.custody.models import Consent, ReceiptRow
from web_admin.desk.texts import acts_text
from web_admin.desk.visits import visits_of
from web_admin.events.own_passages import passages_of
from web_admin.events.reason_texts import for_resident, what_to_do
from web_admin.face.guardians import names_of, parts_of_consent
from web_admin.face.texts import NOTICE_HEADINGS
from web_admin.people.agreements import agreements_of
from web_admin.privacy.models import RightsRequest
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.face import forgettings_of, notice_fields
from web_admin.resident.record_releases import releases_of
from web_admin.resident.records_export import (
    Exported,
    as_file,
    consents_of,
    lookups_of,
    notice_of,
    refusals_of,
    shown_lookups,
)
from web_admin.web.resident_session import resident_required

SHOWN_PASSAGES = 10
SHOWN_LOOKUPS = 5
PAGE_ROWS = 50


@bp.get("/records")
@resident_required
def records() -> str:
    """Show the person's own records."""
    person, act = signed_in()
    return render_template(
        "resident/records.html",
        person=person,
        site=site_of(person),
        passages=passages_of(act.session, person.person_id, SHOWN_PASSAGES),
        shown_passages=SHOWN_PASSAGES,
        lookups=shown_lookups(lookups_of(person.person_id, SHOWN_LOOKUPS)),
        shown_lookups=SHOWN_LOOKUPS,
        consents=consents_of(person.person_id),
        refusals=refusals_of(person.person_id),
        open_requests=_open_requests(person.person_id),
        visits=visits_of(act.session, person.person_id, SHOWN_LOOKUPS),
        acts_text=acts_text,
        agreements=agreements_of(act.session, person.person_id),
        labels=NOTICE_HEADINGS,
        for_resident=for_resident,
        what_to_do=what_to_do,
        tab="records",
    )


def _open_requests(person_id: str) -> int:
    waiting = select(func.count()).where(
        RightsRequest.person_id == person_id, RightsRequest.closed_at.is_(None)
    )
    return request_session().scalar(waiting) or 0


@bp.get("/records/passages")
@resident_required
def all_passages() -> str:
    """Show the person's passages page by page, newest first."""
    person, act = signed_in()
    rows = passages_of(act.session, person.person_id, PAGE_ROWS + 1, _passage_cursor(act))
    last = rows[PAGE_ROWS - 1] if len(rows) > PAGE_ROWS else None
    return render_template(
        "resident/passages.html", person=person, site=site_of(person), passages=rows[:PAGE_ROWS],
        before=sealed_place(act.sealer, (last.at, last.seq)) if last is not None else None,
        for_resident=for_resident, what_to_do=what_to_do, tab="records",
    )


def _passage_cursor(act: Act) -> tuple[datetime, int] | None:
    return opened_place(act.sealer, request.args.get("before", ""), tuple[datetime, int])


@bp.get("/records/lookups")
@resident_required
def all_lookups() -> str:
    """Show page by page who looked at the person's records, and the reasons they gave."""
    person, act = signed_in()
    before = opened_place(act.sealer, request.args.get("before", ""), int)
    rows = lookups_of(person.person_id, PAGE_ROWS + 1, before)
    last = rows[PAGE_ROWS - 1] if len(rows) > PAGE_ROWS else None
    return render_template(
        "resident/lookups.html", person=person, site=site_of(person),
        lookups=shown_lookups(rows[:PAGE_ROWS]),
        before=sealed_place(act.sealer, last.seq) if last is not None else None, tab="records",
    )


@bp.get("/records/consents/<consent_id>")
@resident_required
def consent_text(consent_id: str) -> str:
    """Show one consent with exactly the text it was given to."""
    person, _act = signed_in()
    consent = _own_consent(person, consent_id)
    halves = parts_of_consent(request_session(), consent_id)
    names = names_of(request_session(), [half.guardian_id for half in halves])
    parts = [(names[half.guardian_id], half.given_at) for half in halves]
    notice = notice_of(consent)
    return render_template(
        "resident/consent.html",
        person=person,
        site=site_of(person),
        consent=consent,
        parts=parts,
        release=releases_of(person.person_id).get(consent_id),
        fields=notice_fields(notice) if notice is not None else [],
        forgettings=forgettings_of(consent),
        tab="records",
    )


def _own_consent(person: Person, consent_id: str) -> Consent:
    consent = request_session().get(Consent, consent_id)
    if consent is None or consent.person_id != person.person_id:
        abort(404)
    return consent


@bp.get("/records/consents/<consent_id>/receipts.json")
@resident_required
def receipts_file(consent_id: str) -> Response:
    """Return the gates' signed receipts that this consent's face is gone, as JSON.

    `receipt` is the text that the signature covers, `gate_key` the public key of the gate that signed.
    """
    person, act = signed_in()
    consent = _own_consent(person, consent_id)
    rows = act.session.execute(
        select(ReceiptRow, Gate.public_key)
        .join(Gate, Gate.gate_id == ReceiptRow.gate_id)
        .where(ReceiptRow.consent_id == consent_id)
        .order_by(ReceiptRow.gate_id)
    )
    receipts = [
        {
            "gate_id": row.gate_id, "received_at": row.received_at, "receipt": row.receipt.decode(),
            "signature": row.signature, "gate_key": key,
        }
        for row, key in rows
    ]
    whole: Exported = {
        "site_id": person.site_id, "consent_id": consent_id, "withdrawn_at": consent.withdrawn_at,
        "receipts": receipts,
    }
    return as_file(whole, "my-receipts.json")
