"""Which acts wake which gates, and what the page of a gate says of its bell."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest

from gate_controller.contract.bell import wake_up_subject
from web_admin.compound.models import Gate, GrantRow, Person
from web_admin.core.bell import NoBell
from web_admin.credentials.cards import issue_card
from web_admin.custody.gate_reports import clear_tampering
from web_admin.custody.models import GateFaceRow
from web_admin.gates.orders import order_open, set_override


class Rung(list[set[str]]):
    """Subjects that were rung, commit by commit."""

    def gates(self, compound) -> list[set[str]]:
        """Return which gates that were."""
        with compound.act() as act:
            names = {
                wake_up_subject(compound.site_id, gate.gate_id): gate.gate_id
                for gate in act.session.query(Gate)
            }
        return [{names[subject] for subject in subjects} for subjects in self]


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> Rung:
    seen = Rung()

    def wake_gates(_bell: NoBell, subjects: Collection[str]) -> None:
        seen.append(set(subjects))

    monkeypatch.setattr(NoBell, "wake_gates", wake_gates)
    return seen


@pytest.fixture
def quiet_compound(rung, compound):
    rung.clear()
    return compound


def test_an_order_to_open_rings_its_gate(quiet_compound, rung):
    with quiet_compound.act() as act:
        order_open(act, "north-in", "a parcel")
    assert rung.gates(quiet_compound) == [{"north"}]


def test_a_lane_in_another_mode_rings_its_gate(quiet_compound, rung):
    with quiet_compound.act() as act:
        set_override(act, "north-in", "lockdown", "a drill", act.now + timedelta(hours=1))
    assert rung.gates(quiet_compound) == [{"north"}]


def test_a_card_rings_the_gates_that_the_person_may_pass(quiet_compound, rung):
    with quiet_compound.act() as act:
        person = act.session.get_one(Person, quiet_compound.persons["林薇"])
        issue_card(act, person.person_id, 61_001)
        granted = {
            lane_id
            for row in act.session.query(GrantRow).filter_by(person_id=person.person_id)
            for lane_id in row.lanes
        }
        gates = act.session.query(Gate).filter_by(state="paired")
        wanted = {gate.gate_id for gate in gates if granted & {lane.lane_id for lane in gate.lanes}}
    assert wanted
    assert rung.gates(quiet_compound) == [wanted]


def test_cleared_tampering_rings_its_gate(quiet_compound, rung):
    with quiet_compound.act() as act:
        row = act.session.get(GateFaceRow, "north") or GateFaceRow(gate_id="north", status={})
        row.tamper_id, row.tampered_at = "aa", act.now
        act.session.add(row)
    rung.clear()
    with quiet_compound.act() as act:
        clear_tampering(act, "north", "aa")
    assert {"north"} in rung.gates(quiet_compound)


class Word(NoBell):
    """What the broker says of every gate."""

    def __init__(self, heard: bool | None) -> None:
        self.heard = heard

    def is_heard(self, site_id: str, gate_id: str) -> bool | None:
        return self.heard


@pytest.mark.parametrize(("heard", "says"), [(True, "Connected"), (False, "Not connected"), (None, None)])
def test_the_page_of_a_gate_shows_what_the_broker_says(quiet_compound, heard, says):
    quiet_compound.app.extensions["menjin"] = replace(
        quiet_compound.app.extensions["menjin"], bell=Word(heard)
    )
    page = quiet_compound.signed_in("manager").get("/manage/gates/north").text
    shown = page.partition('id="bell"')[2].partition("</ul>")[0]
    if says is None:
        assert shown == ""
    else:
        assert f"</svg>{says}</span>" in shown
