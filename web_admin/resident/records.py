"""Page of the own records: passages, who looked and why, consents with their exact text."""

from datetime import datetime

from flask import Response, abort, render_template, request

from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.core.database import request_session
from web_admin.core.sealed_places import opened_place, sealed_place
from web_admin.custody.forgettings import forgettings_of
from web_admin.custody.models import Consent
from web_admin.custody.queries import consent_of, consents_of, notice_in, receipts_with_keys
from web_admin.desk.texts import actions_text
from web_admin.desk.visits import visits_of
from web_admin.events.own_passages import passages_of
from web_admin.events.reason_texts import for_resident, what_to_do
from web_admin.face.guardians import names_of, parts_of_consent
from web_admin.face.notice_parts import notice_fields
from web_admin.face.queries import releases_of
from web_admin.face.texts import NOTICE_HEADINGS
from web_admin.people.agreements import agreements_of
from web_admin.privacy.export import Exported
from web_admin.privacy.own_lookups import lookups_of, refusals_of, shown_lookups
from web_admin.privacy.queries import open_request_count
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.web.json_files import as_file
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
        lookups=shown_lookups(act.session, lookups_of(act.session, person.person_id, SHOWN_LOOKUPS)),
        shown_lookups=SHOWN_LOOKUPS,
        consents=consents_of(act.session, person.person_id),
        refusals=refusals_of(act.session, person.person_id),
        open_requests=open_request_count(act.session, person.person_id),
        visits=visits_of(act.session, person.person_id, SHOWN_LOOKUPS),
        actions_text=actions_text,
        agreements=agreements_of(act.session, person.person_id),
        labels=NOTICE_HEADINGS,
        for_resident=for_resident,
        what_to_do=what_to_do,
        tab="records",
    )


@bp.get("/records/passages")
@resident_required
def all_passages() -> str:
    """Show the person's passages page by page, newest first."""
    person, act = signed_in()
    rows = passages_of(act.session, person.person_id, PAGE_ROWS + 1, _passage_cursor(act))
    last = rows[PAGE_ROWS - 1] if len(rows) > PAGE_ROWS else None
    return render_template(
        "resident/passages.html",
        person=person,
        site=site_of(person),
        passages=rows[:PAGE_ROWS],
        before=sealed_place(act.sealer, (last.at, last.seq)) if last is not None else None,
        for_resident=for_resident,
        what_to_do=what_to_do,
        tab="records",
    )


def _passage_cursor(act: Action) -> tuple[datetime, int] | None:
    return opened_place(act.sealer, request.args.get("before", ""), tuple[datetime, int])


@bp.get("/records/lookups")
@resident_required
def all_lookups() -> str:
    """Show page by page who looked at the person's records, and the reasons they gave."""
    person, act = signed_in()
    before = opened_place(act.sealer, request.args.get("before", ""), int)
    rows = lookups_of(act.session, person.person_id, PAGE_ROWS + 1, before)
    last = rows[PAGE_ROWS - 1] if len(rows) > PAGE_ROWS else None
    return render_template(
        "resident/lookups.html",
        person=person,
        site=site_of(person),
        lookups=shown_lookups(act.session, rows[:PAGE_ROWS]),
        before=sealed_place(act.sealer, last.seq) if last is not None else None,
        tab="records",
    )


@bp.get("/records/consents/<consent_id>")
@resident_required
def consent_text(consent_id: str) -> str:
    """Show one consent with exactly the text it was given to."""
    person, act = signed_in()
    consent = _own_consent(person, consent_id)
    halves = parts_of_consent(act.session, consent_id)
    names = names_of(act.session, [half.guardian_id for half in halves])
    parts = [(names[half.guardian_id], half.given_at) for half in halves]
    notice = notice_in(act.session, consent.purpose, consent.notice_version, consent.language)
    return render_template(
        "resident/consent.html",
        person=person,
        site=site_of(person),
        consent=consent,
        parts=parts,
        release=releases_of(act.session, person.person_id).get(consent_id),
        fields=notice_fields(notice) if notice is not None else [],
        forgettings=forgettings_of(act.session, consent),
        tab="records",
    )


def _own_consent(person: Person, consent_id: str) -> Consent:
    consent = consent_of(request_session(), person.person_id, consent_id)
    if consent is None:
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
    receipts = [
        {
            "gate_id": row.gate_id,
            "received_at": row.received_at,
            "receipt": row.receipt.decode(),
            "signature": row.signature,
            "gate_key": key,
        }
        for row, key in receipts_with_keys(act.session, consent_id)
    ]
    whole: Exported = {
        "site_id": person.site_id,
        "consent_id": consent_id,
        "withdrawn_at": consent.withdrawn_at,
        "receipts": receipts,
    }
    return as_file(whole, "my-receipts.json")
