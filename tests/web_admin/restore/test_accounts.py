"""Sign-in that a backup brings back: no session, link or password outlives it, and keys wait."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.compounds.with_gates import add_card, add_home, add_person
from tests.web_admin.restore.handed_over import manager
from web_admin.accounts.api_keys import key_of, make_api_key
from web_admin.accounts.models import ApiKey, Passkey, StaffInvitation, User
from web_admin.compound.models import Invitation, Person
from web_admin.compound.restore_models import RestoreReview
from web_admin.policy.publish import publish_policy
from web_admin.restore.actions import begin_restoring
from web_admin.restore.reviews import ALLOWED, KEPT, decide, open_reviews


@pytest.fixture
def card(database, sealer, site, north, south, clock):
    """Return a card that both gates know."""
    with database.session() as session:
        home = add_home(session, site, "3-1502")
        person = add_person(session, site, home, ["north-in", "south-in"], clock.now)
        made = add_card(session, sealer, person, 11, clock.now).credential_id
        publish_policy(session, sealer, site, clock.now)
    return made


# -- what signs in -----------------------------------------------------------------------------------


def test_keys_of_other_systems_wait_for_the_manager(database, sealer, site, clock):
    with database.session() as session:
        act = manager(session, sealer, site, clock)
        keys = [
            make_api_key(act, name=name, scopes=["people:read"], valid_until=clock.now + timedelta(days=9))
            for name in ("a", "b")
        ]
        texts = [key.text for key in keys]
        ids = [key.row.key_id for key in keys]
        begin_restoring(session, sealer, site, clock.now)
        assert [key_of(session, text, clock.now) for text in texts] == [None, None]
        by_subject = {row.subject_id: row for row in session.scalars(select(RestoreReview))}
        decide(act, by_subject[ids[0]].review_id, ALLOWED)
        decide(act, by_subject[ids[1]].review_id, KEPT)
        assert key_of(session, texts[0], clock.now) is not None
        assert key_of(session, texts[1], clock.now) is None
        assert session.get_one(ApiKey, ids[1]).ended_at == clock.now


def test_no_session_link_passkey_or_password_of_the_staff_outlives_a_restore(
    database, sealer, site, card, clock
):
    with database.session() as session:
        person = session.scalars(select(Person)).one()
        staff = User(
            email="m@example.org", active=True, fs_uniquifier="staff", password="x", tf_totp_secret="y"
        )
        resident = User(person_id=person.person_id, active=True, fs_uniquifier="resident", password="z")
        session.add_all([staff, resident])
        session.flush()
        session.add_all(
            [
                Passkey(
                    passkey_id="k",
                    person_id=person.person_id,
                    credential_id=b"c",
                    public_key=b"p",
                    sign_count=0,
                    created_at=clock.now,
                ),
                StaffInvitation(
                    invitation_id="s",
                    account_id=staff.id,
                    code_digest=b"s",
                    created_at=clock.now,
                    expires_at=clock.now + timedelta(days=3),
                ),
                Invitation(
                    invitation_id="i",
                    person_id=person.person_id,
                    code_digest=b"i",
                    created_at=clock.now,
                    expires_at=clock.now + timedelta(days=3),
                ),
            ]
        )
        begin_restoring(session, sealer, site, clock.now)
    with database.session() as session:
        accounts = {user.email: user for user in session.scalars(select(User))}
        closed, resident = accounts["m@example.org"], accounts[None]
        assert (closed.active, closed.password, closed.tf_totp_secret) == (False, None, None)
        assert closed.fs_uniquifier != "staff"
        assert (resident.fs_uniquifier != "resident", resident.password) == (True, "z")
        assert session.scalars(select(Person)).one().phone_unproven == "invited_again"
        assert session.scalars(select(Passkey)).all() == session.scalars(select(StaffInvitation)).all() == []
        assert session.get_one(Invitation, "i").expires_at == clock.now
        assert [row.kind for row in open_reviews(session, site)] == ["gate_here", "gate_here", "staff"]
