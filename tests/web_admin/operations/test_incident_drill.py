"""An incident drill stops face everywhere and resumes it; for real it ends every face. Other ways stay up."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract.signing import certified_key, verify
from tests.support.compounds.forgetting import GATES, Forgotten
from web_admin.compound.models import Gate, Site
from web_admin.custody.leases import leases_for
from web_admin.custody.models import Consent, FaceShare, FaceSuspension, IncidentDrill
from web_admin.gates.actions import save_lane
from web_admin.gates.rules import LaneSpec
from web_admin.journal.models import AuditEntry
from web_admin.operations.incident_drill import (
    DRILL_DOMAIN,
    DrillRefused,
    DrillSetup,
    SignedDrill,
    report,
    resume_face,
    run_drill,
)
from web_admin.policy.effects import PolicyEffects


@pytest.fixture
def forgotten(database, tmp_path, now):
    return Forgotten(database, tmp_path / "secrets", now)


@pytest.fixture
def drill_setup(forgotten):
    """Gates ask, as they do every two seconds, while the drill waits."""

    def wait(seconds: float) -> None:
        forgotten.later(seconds=seconds)
        seen(forgotten, "north", "south")

    return DrillSetup(
        forgotten.database,
        forgotten.sealer,
        PolicyEffects(forgotten.sealer),
        forgotten.site_id,
        "operator",
        lambda: forgotten.now,
        wait,
    )


def seen(forgotten, *gate_ids):
    with forgotten.database.session() as session:
        for gate_id in gate_ids:
            session.get_one(Gate, gate_id).last_seen_at = forgotten.now


def leases(forgotten):
    with forgotten.database.session() as session:
        return [
            lease.share
            for gate_id in GATES
            for lease in leases_for(session, forgotten.sealer, session.get_one(Gate, gate_id))
        ]


def test_a_drill_stops_every_lease_and_gives_the_same_ones_back(forgotten, drill_setup):
    before, during = leases(forgotten), []
    spying = replace(
        drill_setup, wait=lambda seconds: (drill_setup.wait(seconds), during.append(leases(forgotten)))[0]
    )
    old_key = forgotten.sealer.wrap_keys.current_id
    drill, _signed = run_drill(spying, for_real=False, reason="yearly")
    assert len(before) == 4
    assert during == [[]]
    assert leases(forgotten) == before, "the very same shares: no person is asked again"
    assert forgotten.sealer.wrap_keys.current_id != old_key
    assert [step.step for step in drill.steps] == [
        "face_suspended",
        "wrapping_key_changed",
        "gates_told",
        "other_ways_seen",
        "face_resumed",
    ]
    assert drill.ok
    assert drill.within_deadline
    assert {lane.lane_id: lane.ways for lane in drill.lanes} == {
        "north-in": ("card", "pin", "qr"),
        "south-in": ("card", "pin", "qr"),
    }


def test_for_real_ends_every_face_and_leaves_every_other_way(forgotten, drill_setup):
    drill, _signed = run_drill(drill_setup, for_real=True, reason="")
    assert leases(forgotten) == []
    with forgotten.database.session() as session:
        assert session.scalars(select(FaceShare)).all() == []
        assert session.scalars(select(Consent).where(Consent.withdrawn_at.is_(None))).all() == []
        assert session.scalars(select(Site.face_enabled)).one() is False
        assert session.get(FaceSuspension, forgotten.site_id) is None
    assert [lane.ways for lane in drill.lanes] == [("card", "pin", "qr")] * 2
    assert drill.ok
    assert forgotten.certificate(0).statement.gates[0].why == "breach"
    assert forgotten.certificate(1).statement.wrapping_keys[0].destroyed_at is not None


def test_a_gate_out_of_reach_is_named_with_the_end_of_its_lease(forgotten, drill_setup):
    lonely = replace(
        drill_setup, wait=lambda seconds: (forgotten.later(seconds=seconds), seen(forgotten, "north"))[0]
    )
    started = forgotten.now
    drill, _signed = run_drill(lonely, for_real=False, reason="", wait_seconds=5)
    assert drill.silent_gates == ("south",)
    assert drill.leases_end_by >= started + timedelta(hours=72)
    assert "south" in report(drill, "en")
    assert "south" in report(drill, "zh")


def test_the_record_is_signed_by_the_site_and_kept(forgotten, drill_setup):
    drill, signed = run_drill(drill_setup, for_real=False, reason="yearly")
    key = certified_key(forgotten.root_public_key, signed.certificate, forgotten.site_id, "anchor")
    verify(key, DRILL_DOMAIN, signed.record.encode(), signed.signature)
    with forgotten.database.session() as session:
        kept = session.get_one(IncidentDrill, drill.drill_id)
        assert msgspec.json.decode(kept.record, type=SignedDrill) == signed
        kinds = session.scalars(select(AuditEntry.kind).order_by(AuditEntry.seq.desc()).limit(3)).all()
    assert kinds == ["breach_drill_done", "face_resumed", "face_suspended"]


def test_an_interrupted_drill_stays_suspended_until_it_is_resumed(forgotten, drill_setup):
    def cut(_seconds: float) -> None:
        raise KeyboardInterrupt

    broken = replace(drill_setup, wait=cut)
    with pytest.raises(KeyboardInterrupt):
        run_drill(broken, for_real=False, reason="")
    assert leases(forgotten) == []
    with pytest.raises(DrillRefused, match="--resume"):
        run_drill(drill_setup, for_real=False, reason="")
    assert resume_face(drill_setup)
    assert not resume_face(drill_setup)
    assert len(leases(forgotten)) == 4


def test_for_real_also_ends_what_a_drill_left_suspended(forgotten, drill_setup):
    with forgotten.database.session() as session:
        session.add(FaceSuspension(site_id=forgotten.site_id, drill_id="d", since=forgotten.now))
    drill, _signed = run_drill(drill_setup, for_real=True, reason="")
    assert drill.ok
    with forgotten.database.session() as session:
        assert session.scalars(select(FaceShare)).all() == []


def test_the_report_names_every_lane_and_a_faulty_device_in_both_languages(forgotten, drill_setup):
    with forgotten.act() as act:
        save_lane(act, "north", LaneSpec("north-in", "In", "in", ("card", "pin")))
        act.session.get_one(Gate, "north").device_states = [{"device": "card-reader", "health": "lost"}]
    drill, _signed = run_drill(drill_setup, for_real=False, reason="")
    for language, words, suspended in (
        ("en", "online", "face suspended, no gate gets a lease"),
        ("zh", "在线", "刷脸已暂停，不再向任何门禁机租借密钥份额"),
    ):
        said = report(drill, language)
        assert suspended in said
        assert f"north-in: card pin  ({words})  !! card-reader" in said
        assert "south-in: card pin qr" in said
