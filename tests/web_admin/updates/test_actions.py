"""Staff begin, hurry, resume and stop a roll-out; gates are given their orders and report back."""

import base64
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event
from sqlalchemy.dialects import postgresql

from gate_controller.contract.messages import COUNTER_HEADER, GATE_HEADER, SIGNATURE_HEADER
from gate_controller.contract.signing import REQUEST_DOMAIN, public_bytes, request_message, sign
from gate_controller.contract.updates import UpdateStatus, list_target, metadata_path, target_path
from tests.web_admin.manage.acting_pages import hidden_of
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.journal.models import AuditEntry
from web_admin.updates.actions import (
    begin_rollout,
    hurry_rollout,
    note_update,
    order_of,
    resume_rollout,
    settle_rollouts,
    stop_rollout,
)
from web_admin.updates.repository import add_release, trust_root
from web_admin.updates.rules import WATCHED_FOR

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "deploy" / "updates"))
import sign as release_sign

PAGE = "/manage/updates/"


@pytest.fixture
def paired_compound(compound):
    with compound.act() as act:
        for gate in act.session.query(Gate):
            gate.state, gate.program, gate.last_seen_at = "paired", "0.2.0", act.now
            note_update(gate, UpdateStatus(step="kept", version="0.2.0"))
    return compound


@pytest.fixture
def offered(paired_compound, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "menjin-0.3.0-py3-none-any.whl").write_bytes(b"a wheel")
    release_sign.make_keys(tmp_path / "keys", datetime.now(UTC))
    release_sign.add_version(
        tmp_path / "release", tmp_path / "keys", "0.3.0", wheels, "cp313-aarch64", datetime.now(UTC)
    )
    with paired_compound.app.app_context():
        data_dir = current_menjin().config.data_dir
    trust_root(data_dir, tmp_path / "keys" / "root.json")
    add_release(data_dir, tmp_path / "release")


def begun(compound) -> None:
    with compound.act() as act:
        begin_rollout(act, "0.3.0", ["0.3.0"])


def orders(compound) -> dict[str, str]:
    with compound.act() as act:
        return {
            gate.gate_id: order.order_id
            for gate in act.session.query(Gate).order_by(Gate.number)
            if (order := order_of(gate)) is not None
        }


def reports(compound, gate_id: str, step: str, *, why: str = "") -> None:
    with compound.act() as act:
        gate = act.session.get_one(Gate, gate_id)
        if step == "kept":
            gate.program = gate.ordered_version
        note_update(
            gate, UpdateStatus(step=step, version=gate.ordered_version, order_id=gate.ordered_id, why=why)
        )


def settles(compound, later: timedelta = timedelta()) -> None:
    with compound.app.app_context():
        settle_rollouts(current_menjin(), compound.clock() + later)


def ledger_of(compound) -> list[str]:
    with compound.act() as act:
        entries = act.session.query(AuditEntry).order_by(AuditEntry.seq)
        return [entry.kind for entry in entries if entry.kind.startswith("rollout")]


def test_a_roll_out_begins_at_one_gate_goes_on_and_is_done(paired_compound) -> None:
    begun(paired_compound)
    assert list(orders(paired_compound)) == ["north"]
    reports(paired_compound, "north", "kept")
    settles(paired_compound)
    settles(paired_compound)
    assert list(orders(paired_compound)) == ["north"]
    with paired_compound.act() as act:
        for gate in act.session.query(Gate):
            gate.last_seen_at = act.now + WATCHED_FOR
    settles(paired_compound, WATCHED_FOR)
    assert list(orders(paired_compound)) == ["north", "east"]
    reports(paired_compound, "east", "kept")
    settles(paired_compound, WATCHED_FOR)
    with paired_compound.act() as act:
        act.session.get_one(Gate, "garage").last_seen_at = act.now
        hurry_rollout(act)
    assert list(orders(paired_compound)) == ["north", "east", "garage"]
    reports(paired_compound, "garage", "kept")
    settles(paired_compound)
    assert orders(paired_compound) == {}, "done: no gate is ordered anything"
    settles(paired_compound)
    assert ledger_of(paired_compound) == [
        "rollout_begun",
        "rollout_widened",
        "rollout_hurried",
        "rollout_done",
    ]


def test_it_locks_the_site_before_it_changes_a_roll_out_or_a_gate_as_every_act_does(paired_compound) -> None:
    begun(paired_compound)
    reports(paired_compound, "north", "rolled_back", why="the server did not hear from it")
    touched = []

    def note(_connection, statement, *_rest) -> None:
        words = str(statement.compile(dialect=postgresql.dialect()))
        if words.endswith(("FOR UPDATE", "FOR NO KEY UPDATE")):
            touched.append(words.partition("FROM ")[2].split()[0])
        elif statement.is_update:
            touched.append(statement.table.name)

    with paired_compound.app.app_context():
        engine = current_menjin().database.engine
    event.listen(engine, "before_execute", note)
    settles(paired_compound)
    event.remove(engine, "before_execute", note)
    assert touched[:2] == ["site", "rollout"]
    assert "gate" in touched[2:], "it took the order back"


def test_a_gate_that_went_back_halts_it_and_staff_let_it_try_again(paired_compound) -> None:
    begun(paired_compound)
    before = orders(paired_compound)["north"]
    reports(paired_compound, "north", "rolled_back", why="the server did not hear from it")
    settles(paired_compound)
    settles(paired_compound)
    assert orders(paired_compound) == {}
    assert ledger_of(paired_compound) == ["rollout_begun", "rollout_halted"]
    with paired_compound.act() as act:
        halted = act.session.query(AuditEntry).filter_by(kind="rollout_halted").one()
    assert (halted.facts["gate_id"], halted.facts["version"]) == ("north", "0.3.0")
    with paired_compound.act() as act, pytest.raises(ActionRefused):
        begin_rollout(act, "0.3.0", ["0.3.0"])
    with paired_compound.act() as act:
        resume_rollout(act)
    assert orders(paired_compound)["north"] != before
    with paired_compound.act() as act:
        stop_rollout(act)
    assert orders(paired_compound) == {}


def test_only_what_was_added_is_rolled_out_and_only_by_the_office(paired_compound) -> None:
    with paired_compound.act() as act, pytest.raises(ActionRefused):
        begin_rollout(act, "9.9.9", ["0.3.0"])
    with paired_compound.act() as act:
        for gate in act.session.query(Gate):
            note_update(gate, None)
    with paired_compound.act() as act, pytest.raises(ActionRefused):
        begin_rollout(act, "0.3.0", ["0.3.0"])


@pytest.fixture
def older_offered(paired_compound, offered, tmp_path: Path) -> Path:
    """Offer an older version beside the newer one; return where a release is signed."""
    wheels = tmp_path / "older"
    wheels.mkdir()
    (wheels / "menjin-0.2.9-py3-none-any.whl").write_bytes(b"a wheel")
    release_sign.add_version(
        tmp_path / "release", tmp_path / "keys", "0.2.9", wheels, "cp313-aarch64", datetime.now(UTC)
    )
    offers(paired_compound, tmp_path)
    with paired_compound.act() as act:
        # As numbers: compared as text, 0.2.10 is the older one.
        act.session.get_one(Gate, "east").program = "0.2.10"
    return tmp_path


def offers(compound, makers: Path) -> None:
    with compound.app.app_context():
        add_release(current_menjin().config.data_dir, makers / "release")


def asks_for(compound, version: str, language: str = "en"):
    client = compound.signed_in("manager")
    with client.session_transaction() as session:
        session["language"] = language
    return client.post(PAGE + "begin", data={**hidden_of(client.get(PAGE).text), "version": version})


@pytest.mark.wide
def test_a_version_older_than_a_gates_is_refused_beside_its_field(paired_compound, older_offered) -> None:
    refused = asks_for(paired_compound, "0.2.9")
    assert refused.status_code == 422, "begun, and the gate refuses it"
    assert (
        "东门 runs 0.2.10, and the makers signed no way back to 0.2.9: choose a newer version."
        in refused.text
    )
    chinese = asks_for(paired_compound, "0.2.9", "zh").text
    assert "东门现在运行 0.2.10，开发方未签名允许退回 0.2.9，请选择更新的版本。" in chinese
    assert (orders(paired_compound), ledger_of(paired_compound)) == ({}, [])
    assert asks_for(paired_compound, "0.3.0").status_code == 303


def test_an_older_version_is_rolled_out_where_the_makers_signed_the_way_back(
    paired_compound, older_offered
) -> None:
    release_sign.allow_back(older_offered / "release", older_offered / "keys", "0.2.9", datetime.now(UTC))
    offers(paired_compound, older_offered)
    assert asks_for(paired_compound, "0.2.9").status_code == 303
    assert list(orders(paired_compound)) == ["north"]


@pytest.mark.wide
@pytest.mark.parametrize("said", ["", "newest", "9" * 40 + "!"])
def test_a_gate_that_says_no_version_keeps_no_other_from_its_update(
    paired_compound, older_offered, said
) -> None:
    with paired_compound.act() as act:
        for gate in act.session.query(Gate):
            gate.program = said if gate.gate_id == "east" else "0.2.0"
    assert asks_for(paired_compound, "0.2.9").status_code == 303


def test_a_gate_that_takes_no_updates_is_not_asked_for_its_version(paired_compound, older_offered) -> None:
    with paired_compound.act() as act:
        note_update(act.session.get_one(Gate, "east"), None)
    assert asks_for(paired_compound, "0.2.9").status_code == 303


def test_the_page_has_versions_steps_and_buttons_for_the_manager(paired_compound, offered) -> None:
    client = paired_compound.signed_in("manager")
    page = client.get(PAGE).text
    assert "Runs 0.2.0" in page
    sent = client.post(PAGE + "begin", data={**hidden_of(page), "version": "0.3.0"})
    assert sent.status_code == 303, sent.text
    reports(paired_compound, "north", "rolled_back", why="devices that worked before do not: board")
    settles(paired_compound)
    page = client.get(PAGE).text
    assert "Halted" in page
    assert "devices that worked before do not: board" in page
    for press in ("resume", "stop"):
        sent = client.post(PAGE + press, data=hidden_of(page))
        assert sent.status_code == 303, sent.text
        page = client.get(PAGE).text
    assert "Update the gates to this version" in page
    installer = paired_compound.signed_in("installer").get(PAGE).text
    assert "Runs 0.2.0" in installer
    assert "Update the gates to this version" not in installer
    chinese = paired_compound.signed_in("manager").get(PAGE, headers={"Accept-Language": "zh"}).text
    assert "0.3.0" in chinese


def test_an_unknown_version_is_refused_beside_its_field(paired_compound, offered) -> None:
    client = paired_compound.signed_in("manager")
    page = client.get(PAGE).text
    assert client.post(PAGE + "begin", data={**hidden_of(page), "version": "1"}).status_code == 422


# -- what gates fetch --------------------------------------------------------------------------------


def fetched(compound, key, path: str, counter: int):
    signed = sign(key, REQUEST_DOMAIN, request_message("GET", path, b"", "north", counter))
    with compound.app.test_client().get(
        path,
        headers={
            GATE_HEADER: "north",
            COUNTER_HEADER: str(counter),
            SIGNATURE_HEADER: base64.b64encode(signed).decode(),
        },
    ) as answer:
        return answer.status_code, answer.data


def test_only_a_paired_gate_fetches_and_each_request_once(paired_compound, offered) -> None:
    key = Ed25519PrivateKey.generate()
    with paired_compound.act() as act:
        gate = act.session.get_one(Gate, "north")
        gate.public_key, gate.request_counter = public_bytes(key), 0
    path = metadata_path("timestamp.json")
    assert fetched(paired_compound, key, path, 1)[0] == 200
    assert fetched(paired_compound, key, path, 1)[0] == 409, "the same again"
    assert paired_compound.app.test_client().get(path).status_code == 401
    assert fetched(paired_compound, Ed25519PrivateKey.generate(), path, 2)[0] == 401
    assert fetched(paired_compound, key, metadata_path("9.root.json"), 3)[0] == 404
    said = msgspec.json.decode(fetched(paired_compound, key, metadata_path("1.targets.json"), 4)[1])
    listed = list_target("0.3.0", "cp313-aarch64")
    (digest,) = said["signed"]["targets"][listed]["hashes"].values()
    name = target_path(listed.replace("cp313", f"{digest}.cp313"))
    wheels = msgspec.json.decode(fetched(paired_compound, key, name, 5)[1])
    assert wheels == {"wheels": ["menjin-0.3.0-py3-none-any.whl"]}
    for number, outside in enumerate(("../root.json", "..%2froot.json", "../../web.toml"), 6):
        assert fetched(paired_compound, key, target_path(outside), number)[0] in (401, 404)
