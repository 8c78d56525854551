"""The page of the gates' updates: versions, steps and buttons, and what is refused beside its field."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sign as release_sign

from gate_controller.contract.updates import UpdateStatus
from tests.web_admin.manage.acting_pages import hidden_of
from tests.web_admin.updates.rolled_out import PAGE, reports, settles
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin
from web_admin.updates.actions import (
    note_update,
)
from web_admin.updates.repository import add_release, trust_root


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
    assert "Bring the gates to this version" in page
    installer = paired_compound.signed_in("installer").get(PAGE).text
    assert "Runs 0.2.0" in installer
    assert "Bring the gates to this version" not in installer
    chinese = paired_compound.signed_in("manager").get(PAGE, headers={"Accept-Language": "zh"}).text
    assert "0.3.0" in chinese


def test_an_unknown_version_is_refused_beside_its_field(paired_compound, offered) -> None:
    client = paired_compound.signed_in("manager")
    page = client.get(PAGE).text
    assert client.post(PAGE + "begin", data={**hidden_of(page), "version": "1"}).status_code == 422
