"""Shared steps of actions on cards, PINs and phones: find, end, record, settle face."""

from collections.abc import Mapping, Sequence

from gate_controller.contract.records import CredentialKind
from web_admin.action.base import Action, finish
from web_admin.action.suspension_rows import end_suspensions
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.orm import Fact
from web_admin.credentials.queries import live_credentials_of
from web_admin.face.lost_methods import pause_faces_given_with
from web_admin.face.ways_in import Aftermath, settle_face


def end_live(act: Action, person_id: str, kind: str, why: str, *, duress: bool = False) -> None:
    """End all live credentials of one kind; the caller records, settles and publishes."""
    for credential in live_credentials(act, person_id, kind, duress=duress):
        end_one(act, credential, why)


def end_one(act: Action, credential: CredentialRow, why: str) -> None:
    """End one credential; with a PIN ends the duress PIN beside it."""
    credential.state, credential.ended_at, credential.ended_reason = "ended", act.now, why
    end_suspensions(act.session, act.now, credential.person_id, credential.credential_id)
    if credential.kind == CredentialKind.PIN and not credential.duress:
        end_live(act, credential.person_id, CredentialKind.PIN, why, duress=True)
    act.session.flush()


def record_loss(
    act: Action, credential: CredentialRow, kind: str, why: str, facts: Mapping[str, Fact] | None = None
) -> Aftermath:
    """Record a loss: pause the consents given with it, settle the person's face, publish."""
    paused = pause_faces_given_with(act, credential, why)
    aftermath = settle_face(act.session, credential.person, act.now)
    finish_credential(act, credential, kind, why, also_touches=paused, more=facts)
    return aftermath


def live_credentials(act: Action, person_id: str, kind: str, *, duress: bool = False) -> list[CredentialRow]:
    """Return a person's credentials of one kind that have not ended, suspended ones included."""
    return list(live_credentials_of(act.session, person_id, kind, duress=duress))


def add_credential(
    act: Action, person: Person, credential: CredentialRow, kind: str, *, also_touches: Sequence[str] = ()
) -> CredentialRow:
    """Store a new credential, let a paused face resume, record and publish."""
    act.session.add(credential)
    settle_face(act.session, person, act.now)
    finish_credential(act, credential, kind, also_touches=also_touches)
    return credential


def finish_credential(
    act: Action,
    credential: CredentialRow,
    kind: str,
    why: str = "",
    *,
    also_touches: Sequence[str] = (),
    more: Mapping[str, Fact] | None = None,
) -> None:
    """Record and publish; a duress PIN is recorded without its person, whose phone lists the rest.

    No other record that gates have depends on a credential of this person.
    """
    facts = {"credential_id": credential.credential_id}
    if credential.duress:
        finish(act, kind, facts, touches=(credential.person_id, *also_touches), with_others=False)
        return
    finish(
        act,
        kind,
        {**facts, **(more or {}), "method": credential.kind},
        personal={"reason": why} if why else None,
        person_id=credential.person_id,
        touches=(credential.person_id, *also_touches),
        with_others=False,
    )
