"""A yes to face at a gate that runs, and what the office reads of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import select

from tests.served.served_compound import ServedCompound
from tests.served.signed_gate import SignedGate
from tests.support.compounds.desk import read
from web_admin.action.base import Action, new_action
from web_admin.compound.models import CredentialRow
from web_admin.core.database import current_menjin
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.queries import newest_notice


@contextmanager
def office(served: ServedCompound) -> Iterator[Action]:
    """Give an action of the office on the database of the server that runs."""
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        menjin = current_menjin()
        yield new_action(menjin, session, served.compound.site_id, "tests", "manager", now=datetime.now(UTC))


def newest(served: ServedCompound, person_id: str, kind: str, *, duress: bool = False) -> str:
    """Return the id of a person's newest card or PIN."""
    query = (
        select(CredentialRow.credential_id)
        .where(
            CredentialRow.person_id == person_id,
            CredentialRow.kind == kind,
            CredentialRow.duress.is_(duress),
            CredentialRow.state == "active",
        )
        .order_by(CredentialRow.created_at.desc())
    )
    return read(served.compound, lambda s: s.scalars(query).first())


def says_yes(served: ServedCompound, gate: SignedGate, person_id: str, kind: str, **personal: str) -> None:
    """Send the signed journal of a gate at which a person said yes to face."""
    notice = read(served.compound, lambda s: newest_notice(s, FACE_PURPOSE, "zh"))
    assert notice is not None
    facts = {
        "lane_id": "north-in",
        "answer": "yes",
        "notice_version": notice.version,
        "notice_sha256": notice.sha256.hex(),
        "language": "zh",
        "shown_by": kind,
    }
    gate.writes("face_answer", facts, {"person_id": person_id, **personal})
    gate.sends()


def live(served: ServedCompound, person_id: str) -> int:
    """Return how many consents to face of a person live."""
    query = select(Consent).where(Consent.person_id == person_id, Consent.withdrawn_at.is_(None))
    return len(read(served.compound, lambda s: s.scalars(query).all()))
