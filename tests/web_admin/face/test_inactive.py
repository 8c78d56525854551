"""A face that is not used is asked about once, and ends at half a year."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, household, manager, offer_face
from tests.support.compounds.with_gates import journal
from tests.web_admin.operations.kept_house import consent, run
from web_admin.action.base import one_publication
from web_admin.compound.keys import create_site
from web_admin.core.database import Menjin
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import Consent, FaceShare
from web_admin.face.inactive import end_of_unused
from web_admin.journal.models import AuditEntry, GateEvent
from web_admin.policy.effects import PolicyEffects

pytestmark = pytest.mark.both_databases


@pytest.fixture
def menjin(web_config, database, now, tmp_path):
    sealer = Sealer(b"s" * 32, b"l" * 32, WrapKeys(b"f" * 32, tmp_path / "secrets"))
    return Menjin(web_config, database, sealer, lambda: now, PolicyEffects(sealer))


@pytest.fixture
def people(menjin, database, now):
    """A site with a lane that offers face and two people with cards; return site and person ids."""
    with database.session() as session:
        site, _pem = create_site(session, menjin.sealer, "Court", "Asia/Shanghai", "en", "phrase", now)
        ids = []
        with one_publication(manager(session, menjin.sealer, site.site_id, now)) as act:
            add_lane(act)
            offer_face(act)
            for number in (1, 2):
                _, person = household(act, f"3-{number}", f"Lin {number}")
                issue_card(act, person.person_id, number)
                ids.append(person.person_id)
        return site.site_id, ids


def pass_by_face(menjin, person_id, at, seq=1):
    """Store a passage as a gate reported it."""
    entry = journal(1, at)[0]
    with menjin.database.session() as session:
        session.add(
            GateEvent(
                gate_id="north",
                journal_id="north.1",
                seq=seq,
                at=at,
                kind="access",
                person_id=person_id,
                facts={"method": "face", "opens": True},
                personal={"person_id": person_id},
                salt=b"s" * 16,
                personal_digest=entry.personal_digest,
                previous=entry.previous,
                digest=entry.digest,
                received_at=at,
            )
        )


def live(menjin, person_id):
    with menjin.database.session() as session:
        wanted = select(Consent).where(Consent.person_id == person_id, Consent.withdrawn_at.is_(None))
        return session.scalars(wanted).first() is not None


@pytest.mark.wide
def test_an_unused_face_is_asked_about_once_and_ends_at_half_a_year(menjin, people, now):
    site_id, (person_id, _other) = people
    consent(menjin, site_id, person_id, now)
    assert run(menjin, now + timedelta(days=89))["faces_reminded"] == 0
    assert run(menjin, now + timedelta(days=90))["faces_reminded"] == 1
    assert run(menjin, now + timedelta(days=91))["faces_reminded"] == 0
    with menjin.database.session() as session:
        assert end_of_unused(session, person_id, 180) == now + timedelta(days=180)
        assert end_of_unused(session, _other, 180) is None
    assert run(menjin, now + timedelta(days=179))["faces_ended"] == 0
    assert live(menjin, person_id)
    done = run(menjin, now + timedelta(days=180))
    assert (done["faces_ended"], done["wrapping_keys_destroyed"]) == (1, 1)
    assert not live(menjin, person_id)
    with menjin.database.session() as session:
        assert session.scalars(select(FaceShare)).all() == []
        ending = session.scalars(select(AuditEntry).where(AuditEntry.kind == "face_withdrawn")).one()
        assert ending.facts["channel"] == "system"


@pytest.mark.wide
def test_a_face_in_use_stays_though_its_passages_lose_their_names(menjin, people, now):
    site_id, (person_id, _other) = people
    consent(menjin, site_id, person_id, now)
    pass_by_face(menjin, person_id, now + timedelta(days=80))
    run(menjin, now + timedelta(days=81))
    run(menjin, now + timedelta(days=120))
    with menjin.database.session() as session:
        assert session.scalars(select(GateEvent.person_id)).one() is None
    assert run(menjin, now + timedelta(days=169))["faces_reminded"] == 0
    assert run(menjin, now + timedelta(days=170))["faces_reminded"] == 1
    assert run(menjin, now + timedelta(days=259))["faces_ended"] == 0
    assert run(menjin, now + timedelta(days=260))["faces_ended"] == 1


def test_a_server_that_was_off_for_a_year_still_asks_before_it_ends(menjin, people, now):
    site_id, (person_id, _other) = people
    consent(menjin, site_id, person_id, now)
    late = now + timedelta(days=400)
    assert run(menjin, late)["faces_ended"] == 0
    assert run(menjin, late + timedelta(days=29))["faces_ended"] == 0
    pass_by_face(menjin, person_id, late + timedelta(days=29))
    assert run(menjin, late + timedelta(days=30))["faces_ended"] == 0, "it was used after the question"
