"""What the acts on cards, PINs and phones share: find, end, record, settle face."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from web_admin.acts import Act, checked_text, finish
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.refusal import ActRefused
from web_admin.lost_faces import pause_faces_given_with
from web_admin.proving import opened_by_home
from web_admin.ways_in import INVITED_AGAIN, Aftermath, has_something_to_show, settle_face

MAX_LABEL_CHARS = 40

SHOW_FIRST = _(
    "First show that this is you: press “I am at a gate” under My ways in, then show your card or type your "
    "PIN there. Or show it at the desk."
)


def end_live(act: Act, person_id: str, kind: str, why: str, *, duress: bool = False) -> None:
    """End all live credentials of one kind; the caller records, settles and publishes."""
    for credential in live_credentials(act, person_id, kind, duress=duress):
        end_one(act, credential, why)


def end_one(act: Act, credential: CredentialRow, why: str) -> None:
    """End one credential; with a PIN ends the duress PIN that stands beside it."""
    credential.state, credential.ended_at, credential.ended_reason = "ended", act.now, why
    if credential.kind == "pin" and not credential.duress:
        end_live(act, credential.person_id, "pin", why, duress=True)
    act.session.flush()


def lost(act: Act, credential: CredentialRow, kind: str, why: str) -> Aftermath:
    """Pause what was given with it, settle the person's face after a loss, record and publish."""
    paused = pause_faces_given_with(act, credential, why)
    aftermath = settle_face(act.session, credential.person, act.now)
    finish_credential(act, credential, kind, why, also_touches=paused)
    return aftermath


def live_credentials(act: Act, person_id: str, kind: str, *, duress: bool = False) -> list[CredentialRow]:
    """Return a person's credentials of one kind that have not ended, suspended ones included."""
    return list(
        act.session.scalars(
            select(CredentialRow).where(
                CredentialRow.person_id == person_id,
                CredentialRow.kind == kind,
                CredentialRow.duress.is_(duress),
                CredentialRow.state != "ended",
            )
        )
    )


def refuse_unproven_phone(act: Act, person: Person) -> None:
    """Raise ActRefused on a phone whose holder has not yet shown the person's own card or PIN."""
    if act.channel == "phone" and person.phone_unproven is not None:
        raise ActRefused(None, SHOW_FIRST)


def refuse_phone_from_home(act: Act, person: Person) -> None:
    """Raise ActRefused on a phone that was opened with a code which an adult of the home read.

    They may have opened it themselves: then one person could give the yes of a minor and of a guardian.
    """
    if act.channel == "phone" and person.person_id == act.actor_id and opened_by_home(act.session, person):
        raise ActRefused(
            None,
            _("This phone was opened with a code that your home gave you, so others may have opened it too. "
              "Say yes at a gate with your own card, or ask the property office for an invitation."),
        )


def refuse_recovered_phone(act: Act, person: Person) -> None:
    """Raise ActRefused on a phone that a later invitation opened, while there is a card or PIN to show.

    Whoever holds neither could never show one: they get their code without.
    """
    recovered = act.channel == "phone" and person.phone_unproven == INVITED_AGAIN
    if recovered and has_something_to_show(act.session, person.person_id, act.now):
        raise ActRefused(None, SHOW_FIRST)


def added(
    act: Act, person: Person, credential: CredentialRow, kind: str, *, also_touches: Sequence[str] = ()
) -> CredentialRow:
    """Store a new credential, let a paused face resume, record and publish."""
    act.session.add(credential)
    settle_face(act.session, person, act.now)
    finish_credential(act, credential, kind, also_touches=also_touches)
    return credential


def finish_credential(
    act: Act, credential: CredentialRow, kind: str, why: str = "", *, also_touches: Sequence[str] = ()
) -> None:
    """Record and publish; a duress PIN is recorded without its person, whose phone lists the rest."""
    facts = {"credential_id": credential.credential_id}
    if credential.duress:
        finish(act, kind, facts, touches=(credential.person_id, *also_touches))
        return
    finish(
        act, kind, {**facts, "method": credential.kind}, personal={"reason": why} if why else None,
        person_id=credential.person_id, touches=(credential.person_id, *also_touches),
    )


def checked_label(label: str) -> str:
    """Return a label that may be empty; raise ActRefused when it is too long."""
    return checked_text("label", label, max_chars=MAX_LABEL_CHARS) if label.strip() else ""


