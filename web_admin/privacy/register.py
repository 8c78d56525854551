"""Build the register of processing from the settings in force (T2)."""

from sqlalchemy import MetaData
from sqlalchemy.orm import Session

from gate_controller.contract.messages import MAX_LEASE_HOURS
from web_admin.compound.models import Site
from web_admin.core.config import WebConfig
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.queries import newest_notice
from web_admin.privacy.contact import contact_of

FORMAT = "menjin-register-1"

PURPOSES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "entry",
        "open the gates for those who live or work here",
        (
            "person",
            "home",
            "home_addition",
            "child_agreement",
            "grant_row",
            "credential",
            "second_method_wish",
            "print_slip",
            "suspension",
            "lock_out",
        ),
    ),
    (
        "visitors",
        "let visitors in whom a resident or the office invited",
        (
            "visitor_pass",
            "visitor_series",
            "visitor_use",
        ),
    ),
    ("passages", "tell people, and the office for a stated reason, when a gate opened", ("gate_event",)),
    (
        "face",
        "recognise a person who asked for it, at that gate alone",
        (
            "consent",
            "guardian_consent",
            "written_release",
            "face_share",
            "face_look",
            "look_offer",
            "face_use",
            "face_opening",
            "receipt",
            "forgetting",
        ),
    ),
    (
        "accountability",
        "show who did what, who looked at whose records, and why",
        (
            "audit_entry",
            "alarm",
            "desk_visit",
        ),
    ),
    (
        "review",
        "confirm twice a year who should still have what",
        ("access_review_row", "card_month"),
    ),
    ("rights", "answer what people ask about their data, and authorities", ("rights_request", "disclosure")),
    ("accounts", "sign in residents and staff", ("account", "passkey", "invitation", "asked_messages")),
    (
        "push",
        "show messages on phones whose owners switched that on",
        ("push_phone",),
    ),
    (
        "calls",
        "let visitors at a gate call homes that switched calls on",
        ("home_call", "home_call_person", "home_call_wishes", "call_number", "telephone_task"),
    ),
)
"""Purpose, what it means, and the tables that hold personal data for it."""

CHOSEN = ("face", "push", "calls")
"""Purposes that process data only of people who switched them on."""
RECIPIENTS: dict[str, list[str]] = {
    "passages": ["police or courts, on a recorded request"],
    "push": [
        "the push service of the phone's browser (Google, Apple, Mozilla or Microsoft, also abroad): that a "
        "message was sent and when, not its text"
    ],
    "calls": ["the site's telephone company, where a home has its telephones called: number and time"],
}
SECURITY = (
    "card numbers, PIN checks and keys are encrypted under keys outside the database",
    "a face is kept in the gate where its owner gave it, and opens only with a share that the server lends",
    "journals are chained and signed; edits show",
    "staff sign in with a second factor; named records open for a stated reason that the person sees",
)


def register_of(session: Session, site: Site, config: WebConfig, stored: MetaData) -> dict[str, object]:
    """Return the current register; `stored` has every table of the server."""
    contact = contact_of(session, site.site_id)
    notice = newest_notice(session, FACE_PURPOSE, "en")
    return {
        "format": FORMAT,
        "site": site.name,
        "handler": notice.fields.get("handler_name") if notice is not None else None,
        "responsible": None
        if contact is None
        else {
            "name": contact.responsible_name,
            "contact": contact.responsible_contact,
            "complaints": contact.channels,
        },
        "face_offered": site.face_enabled,
        "activities": [
            {
                "purpose": purpose,
                "meaning": meaning,
                "categories": _categories(stored, tables),
                "legal_basis": "consent" if purpose in CHOSEN else "contract or statutory duty",
                "retention": retention_of(config)[purpose],
                "recipients": _recipients(purpose),
            }
            for purpose, meaning, tables in PURPOSES
        ],
        "processors": [],
        "transfers_abroad": [],  # messages on phones: named as recipients, chosen by each phone's browser
        "security": list(SECURITY),
    }


def retention_of(config: WebConfig) -> dict[str, str]:
    """Return by purpose how long its data is kept, in the settings in force."""
    return {
        "entry": f"while the person lives here, then {config.moved_out_days} days; ended cards 60 days; "
        f"{_in_ledger(config)}",
        "visitors": f"until {config.passage_days} days after the pass ended; {_in_ledger(config)}",
        "passages": f"{config.passage_days} days with the name, without a name after",
        "face": f"until it is switched off or unused for {config.face_inactive_days} days; "
        f"lent shares at most "
        f"{MAX_LEASE_HOURS} hours; evidence {config.evidence_days} days",
        "accountability": f"personal parts {config.log_days} days, "
        f"whom it is about {config.evidence_days} days",
        "review": f"of a card the month of its last use, until it ends; rows of a review "
        f"{config.evidence_days} days after it was closed",
        "rights": f"people's own words {config.log_days} days after closing, "
        f"the rest {config.evidence_days} days",
        "accounts": "until the person moves out or the member of staff leaves",
        "push": "until its owner removes the phone, it is signed out or its push service has it no more; "
        "no backup has it",
        "calls": f"calls {config.passage_days} days, telephones until their owner removes them or moves out; "
        "no sound, picture or number of a visitor",
    }


def _in_ledger(config: WebConfig) -> str:
    """Say how long the ledger keeps the name that an act was about, whatever ended since."""
    return f"names in the ledger's entries {config.log_days} days from each act"


def _categories(stored: MetaData, tables: tuple[str, ...]) -> dict[str, list[str]]:
    return {name: sorted(str(column.name) for column in stored.tables[name].columns) for name in tables}


def _recipients(purpose: str) -> list[str]:
    return RECIPIENTS.get(purpose, [])
