"""Pages of the certificate of forgetting: to read, to print, and as a file that anyone can verify."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from flask import Response, abort, render_template
from flask_babel import gettext

from gate_controller.contract.forgetting_certificate import Statement, has_odd_time, key_id
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin, request_session
from web_admin.custody.certificates import (
    NothingForgotten,
    certificate_statement,
    forgotten_consents,
    make_certificate,
)
from web_admin.custody.key_rotation import lost_key_ids
from web_admin.custody.models import Consent
from web_admin.custody.queries import consent_of
from web_admin.face.inactive import end_of_unused
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.web.resident_session import resident_required


def why_words() -> Mapping[str, str]:
    """Return why a face ended, in the page's language."""
    return {
        "withdrawn": gettext("you switched it off"),
        "moved_out": gettext("you moved out"),
        "came_of_age": gettext("you came of age"),
        "inactive": gettext("it was not used for a long time"),
        "notice_changed": gettext("the notice changed"),
        "guardian_left": gettext("the guardian who agreed is no longer a guardian"),
        "rules_changed": gettext("the compound asks for more before a face is used"),
        "credential_lost": gettext("the card or PIN used to register it was suspended, replaced or ended"),
        "asked_again": gettext("you were asked once more"),
        "restored": gettext("the server came back from a backup, which may not know what you decided since"),
        "face_disabled": gettext("face was switched off for the compound"),
        "handed_over": gettext("another company took over the compound"),
        "breach": gettext("all faces were ended after an incident"),
        "consent_replaced": gettext("you agreed again"),
        "face_off_lane": gettext("the gate no longer offers face"),
        "gate_retired": gettext("the gate was taken out of use"),
        "gate_stolen": gettext("the gate was stolen"),
        "gate_replaced": gettext("the gate got another controller"),
    }


@dataclass(frozen=True, slots=True)
class InShort:
    """The two lines of a certificate: the end of the face data, and the gates that confirmed it."""

    outcome: str
    confirmed: str


def _in_short(statement: Statement) -> InShort:
    counts = {
        "signed": sum(gate.receipt is not None for gate in statement.gates),
        "all": len(statement.gates),
    }
    if statement.state != "complete":
        return InShort(
            gettext("Your face data is being deleted."),
            gettext(
                "Gates that have confirmed it: %(signed)s of %(all)s. The evidence says what is still open.",
                **counts,
            ),
        )
    if not statement.gates:
        return InShort(gettext("Your face data is deleted."), gettext("No gate had a key for your face."))
    if counts["signed"] < counts["all"]:
        return InShort(
            gettext("No one can open your face data any more."),
            gettext(
                "Gates that have confirmed it: %(signed)s of %(all)s. What another may still keep stays "
                "locked for good.",
                **counts,
            ),
        )
    return InShort(
        gettext("Your face data is deleted."),
        gettext(
            "Gates that have confirmed it: %(signed)s of %(all)s. No backup can bring it back.", **counts
        ),
    )


@bp.get("/certificates/<consent_id>")
@resident_required
def certificate(consent_id: str) -> str:
    """Show the certificate of one of the person's consents in its current state."""
    person, act = signed_in()
    statement = _statement(consent_id, person.person_id)
    return render_template(
        "resident/certificate.html",
        person=person,
        site=site_of(person),
        statement=statement,
        in_short=_in_short(statement),
        why=why_words(),
        now=act.now,
        tab="records",
        has_odd_time=has_odd_time,
        key_ids={gate.gate_id: key_id(bytes.fromhex(gate.public_key)) for gate in statement.gates},
        lost_keys=lost_key_ids(act.session),
    )


@bp.get("/certificates/<consent_id>.json")
@resident_required
def certificate_file(consent_id: str) -> Response:
    """Return the signed certificate as a file."""
    person, act = signed_in()
    _statement(consent_id, person.person_id)
    made = make_certificate(act.session, act.sealer, consent_id, act.now)
    response = Response(msgspec.json.format(msgspec.json.encode(made), indent=2), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="forgotten-{consent_id}.json"'
    return response


def _statement(consent_id: str, person_id: str) -> Statement:
    """Return the certificate's statement; answer 404 for another person's, or where nothing was forgotten."""
    session = request_session()
    if consent_of(session, person_id, consent_id) is None:
        abort(404)
    try:
        return certificate_statement(session, consent_id, current_menjin().clock())
    except NothingForgotten:
        abort(404)


def has_certificate(consent: Consent) -> bool:
    """Return whether something was forgotten of what this consent was about."""
    return consent in forgotten_consents(request_session(), consent.person_id)


def unused_face_ends(person: Person) -> datetime | None:
    """Return when an unused face ends automatically, once its person is asked about it."""
    return end_of_unused(request_session(), person.person_id, current_menjin().config.face_inactive_days)


bp.add_app_template_test(has_certificate, "certified")
bp.add_app_template_filter(unused_face_ends, "unused_face_ends")
