"""Rows of a policy as a test gives them and as the server stores them."""

import secrets

from sqlalchemy import select

from gate_controller.contract.messages import record_digest
from gate_controller.contract.record_sums import NO_RECORDS, changed_sums, digest_of_sums
from web_admin.compound.models import Gate, Site
from web_admin.compound.policy_models import PolicyRecordRow, PolicySumsRow
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE, create_shares

ALL_METHODS = ["card", "pin", "qr", "face"]


def give_face(session, sealer, site_id, person, now, version=1):
    session.get_one(Site, site_id).face_enabled = True
    consent = Consent(
        consent_id=secrets.token_hex(8),
        person_id=person.person_id,
        purpose=FACE_PURPOSE,
        notice_version=version,
        notice_sha256=bytes(32),
        language="en",
        channel="phone",
        given_at=now,
    )
    session.add(consent)
    person.methods = [*person.methods, "face"]
    session.flush()
    create_shares(session, sealer, person.person_id, consent.consent_id)
    return consent


def stored(session, gate_id):
    rows = select(PolicyRecordRow.key, PolicyRecordRow.value).where(
        PolicyRecordRow.gate_id == gate_id, PolicyRecordRow.value.is_not(None)
    )
    return dict(session.execute(rows).all())


def add_sums(session, gate_id):
    """Begin the sums of a gate's records, as housekeeping does."""
    digests = {key: record_digest(value) for key, value in stored(session, gate_id).items()}
    sums = changed_sums(NO_RECORDS, digests.items())
    session.add(
        PolicySumsRow(
            gate_id=gate_id,
            version=session.get_one(Gate, gate_id).published_version,
            sums=sums,
            digest=digest_of_sums(sums),
        )
    )
    session.flush()
