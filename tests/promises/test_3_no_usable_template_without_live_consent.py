"""Promise 3, the server's half: no face record, share or lease without live consent.

Does not cover: what a gate does with a lease it has (72 hours at most; its own tests) or a gate that
is compromised while it runs.
"""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from sqlalchemy import func, select

from tests.promises.histories import Compound, History
from tests.support.acting import NOTICE, add_lane, by_phone, gate_view, household, offer_face
from tests.support.examples import examples
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Site
from web_admin.credentials.cards import issue_card
from web_admin.custody.leases import leases_for
from web_admin.custody.models import Consent, FaceLook, FaceShare, Notice
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import give_face_consent, withdraw_face
from web_admin.face.notices import publish_notice

pytestmark = [
    pytest.mark.publishing,
    pytest.mark.usefixtures("codes_hashed_quickly"),
]


class NoFaceWithoutConsent(History):
    """After every action: records, shares and leases are backed by consents given and not ended."""

    @invariant()
    def every_face_record_share_and_lease_is_backed_by_a_live_consent(self) -> None:
        with self.database.session() as session:
            newest = session.scalar(select(func.max(Notice.version)).where(Notice.purpose == FACE_PURPOSE))
            live = {
                (consent.person_id, consent.consent_id)
                for consent in session.scalars(select(Consent).where(Consent.withdrawn_at.is_(None)))
                if consent.notice_version == newest
            }
            enabled = session.scalars(select(Site.face_enabled)).one()
            backed = live if enabled else set()
            shares = {(share.person_id, share.consent_id) for share in session.scalars(select(FaceShare))}
            faces = {
                (face.person_id, face.consent_id)
                for snapshot in self.snapshots(session).values()
                for face in snapshot.face_roster.values()
            }
            leases = {
                (lease.person_id, lease.consent_id)
                for gate in session.scalars(select(Gate))
                for lease in leases_for(session, self.compound.sealer, gate)
            }
            of_shares = {(share.gate_id, share.consent_id) for share in session.scalars(select(FaceShare))}
            looks = list(session.scalars(select(FaceLook)))
            assert {(look.gate_id, look.consent_id) for look in looks} <= of_shares
            to_delete = {
                look_id
                for snapshot in self.snapshots(session).values()
                for face in snapshot.face_roster.values()
                for look_id in face.dropped_looks
            }
            assert to_delete <= {look.look_id for look in looks if look.dropped_at is not None}
            assert shares <= backed
            assert faces <= backed
            assert leases <= backed


def test_no_history_leaves_a_face_without_live_consent() -> None:
    NoFaceWithoutConsent.compound = Compound()
    run_state_machine_as_test(
        NoFaceWithoutConsent,
        settings=settings(max_examples=examples(25), stateful_step_count=30, deadline=None),
    )


def consented(act: Action) -> str:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "en")
    return person.person_id


def leases(act: Action) -> list[str]:
    gate = act.session.get_one(Gate, "north")
    return [lease.person_id for lease in leases_for(act.session, act.sealer, gate)]


def test_withdrawing_destroys_share_record_and_lease_in_the_same_transaction(act: Action) -> None:
    person_id = consented(act)
    assert (leases(act), list(gate_view(act).face_roster)) == ([person_id], [person_id])
    withdrawn = withdraw_face(by_phone(act, person_id), person_id)
    assert withdrawn is not None
    assert withdrawn.withdrawn_at == act.now
    assert (leases(act), list(gate_view(act).face_roster)) == ([], [])
    assert act.session.scalars(select(FaceShare)).all() == []


def test_a_new_notice_ends_consents_to_the_old_one(act: Action) -> None:
    consented(act)
    publish_notice(act, FACE_PURPOSE, NOTICE)
    assert (leases(act), list(gate_view(act).face_roster)) == ([], [])
    assert act.session.scalars(select(FaceShare)).all() == []


def test_consenting_again_gives_a_fresh_share_that_opens_no_older_template(act: Action) -> None:
    person_id = consented(act)
    [old] = leases_for(act.session, act.sealer, act.session.get_one(Gate, "north"))
    phone = by_phone(act, person_id)
    withdraw_face(phone, person_id)
    give_face_consent(phone, person_id, 1, "en")
    [new] = leases_for(act.session, act.sealer, act.session.get_one(Gate, "north"))
    assert new.share != old.share
    assert new.consent_id != old.consent_id
    assert new.seconds <= timedelta(hours=72).total_seconds()
