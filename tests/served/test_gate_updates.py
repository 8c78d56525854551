"""A gate brought to another version: by a button, proved by a card, back on its own; the power cut meanwhile.

Real processes: the server as it is served, the launcher, the gate with its ptys, releases that are signed.
"""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.updates.fetch import machine_tag
from gate_controller.updates.launcher import KEPT, ROLLED_BACK, TRIAL
from tests.served.gates_beside import ASK_AGAIN_SECONDS
from tests.served.served_compound import ServedCompound, serve_compound
from tests.support.gates.versions import LaunchedGate, lay_out, make_wheel
from tests.support.gates.waiting import PATIENCE_SECONDS
from tests.support.gates.waiting import until as until_in_time
from tests.support.gates.with_server import gate_beside
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate, Site
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.journal.models import AuditEntry
from web_admin.updates.actions import settle_rollouts
from web_admin.updates.repository import add_release, trust_root

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy" / "updates"))
import sign

LIN = 4_200_000
CARD_FAILS = """
def decide(*_words: object) -> object:
    raise ZeroDivisionError("a version that does not do")
"""
ENDS = """
def notify(state: str) -> None:
    raise SystemExit(9)
"""
MOMENTS = 50
UPDATE_PATIENCE_SECONDS = 5 * PATIENCE_SECONDS
"""An update fetches, unpacks, compiles and starts a program twice."""


def until(true: Callable[[], object], why: Callable[[], object] = lambda: "") -> None:
    until_in_time(true, why, patience=UPDATE_PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys, the first version's wheel, and a signed release of sound and unsound versions."""
    folder = tmp_path_factory.mktemp("release")
    sign.make_keys(folder / "keys", datetime.now(UTC))
    access = (Path("gate_controller") / "rules" / "access.py").read_text()
    versions = {
        "0.3.0": {},
        "0.3.1": {"gate_controller/rules/access.py": access + CARD_FAILS},
        "0.3.2": {"gate_controller/control/systemd.py": ENDS},
        "0.3.3": {"gate_controller/assembly/updates.py": "import os\nos._exit(9)\n"},
    }
    for version, changed in versions.items():
        wheels = folder / version
        make_wheel(wheels, version, changed)
        sign.add_version(
            folder / "release", folder / "keys", version, wheels, machine_tag(), datetime.now(UTC)
        )
    make_wheel(folder, "0.2.0")
    return folder


@contextmanager
def launched_beside(served: ServedCompound, release: Path, folder: Path) -> Iterator[LaunchedGate]:
    """A paired gate of version 0.2.0 by its launcher, beside a server that offers the release."""
    with served.compound.app.app_context():
        data_dir = current_menjin().config.data_dir
        with current_menjin().database.session() as session:
            session.get_one(Site, served.compound.site_id).ask_again_seconds = ASK_AGAIN_SECONDS
    trust_root(data_dir, release / "keys" / "root.json")
    add_release(data_dir, release / "release")
    with gate_beside(served.compound, served.address, folder) as bench:
        root = folder / "opt"
        lay_out(root, release / "menjin-0.2.0-py3-none-any.whl", "0.2.0", release / "keys" / "root.json")
        launched = LaunchedGate(bench, root, folder / "trace")
        try:
            yield launched
        finally:
            launched.cut_power()


def settled(served: ServedCompound) -> None:
    with served.compound.app.app_context():
        settle_rollouts(current_menjin(), datetime.now(UTC))


def north(served: ServedCompound) -> Gate:
    with served.compound.act() as act:
        gate = act.session.get_one(Gate, "north")
        act.session.expunge(gate)
        return gate


def until_it_takes_updates(served: ServedCompound, gate: LaunchedGate) -> None:
    until(lambda: north(served).update_step == KEPT and north(served).have_version > 0, gate.state)


def began(served: ServedCompound, version: str) -> None:
    manager = served.signed_in("manager")
    page = manager.get("/manage/updates/")
    assert version in page.text
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page.text)
    assert once is not None
    sent = manager.post("/manage/updates/begin", {"version": version, "once": once[1]})
    assert sent.status_code == 303, sent.text


@pytest.mark.wide
def test_a_button_brings_a_gate_to_a_version_that_a_card_then_proves(
    served: ServedCompound, release: Path, tmp_path: Path
) -> None:
    with launched_beside(served, release, tmp_path / "gate") as gate:
        gate.start()
        until_it_takes_updates(served, gate)
        assert gate.opens(LIN)
        began(served, "0.3.0")
        until(lambda: gate.state().step == TRIAL and gate.version_that_runs() == "0.3.0", gate.state)
        assert (gate.root / "versions" / "current").readlink().name == "0.3.0"
        assert gate.opens(LIN)
        until(lambda: gate.state().step == KEPT, gate.state)
        until(lambda: north(served).program == "0.3.0" and north(served).update_step == KEPT)
        settled(served)
        page = served.signed_in("manager").get("/manage/updates/").text
        assert "Runs 0.3.0" in page
        with served.compound.act() as act:
            kinds = {entry.kind for entry in act.session.query(AuditEntry)}
        assert "rollout_begun" in kinds


@pytest.mark.wide
@pytest.mark.parametrize("version", ["0.3.1", "0.3.2"], ids=["fails at its first card", "ends at its start"])
def test_a_version_that_does_not_do_goes_back_and_halts_the_rest(
    served: ServedCompound, release: Path, tmp_path: Path, version: str
) -> None:
    with launched_beside(served, release, tmp_path / "gate") as gate:
        gate.start()
        until_it_takes_updates(served, gate)
        began(served, version)
        until(lambda: gate.state().step == TRIAL, gate.state)
        if version == "0.3.1":
            gate.taps(LIN)

        def is_back() -> bool:
            gate.starts_again()
            return gate.version_that_runs() == "0.2.0" and gate.answers()

        until(is_back, gate.state)
        assert gate.opens(LIN)
        until(lambda: north(served).update_step == ROLLED_BACK)
        assert north(served).update_version == version
        settled(served)
        assert north(served).ordered_version == "", "no gate gets it any more"
        until(lambda: _alarms(served) == ["alarm_update_rolled_back"])
        page = served.signed_in("manager").get("/manage/updates/").text
        assert "Halted" in page
        assert "Try again" in page


@pytest.mark.wide
def test_a_version_that_does_not_load_here_is_never_begun(
    served: ServedCompound, release: Path, tmp_path: Path
) -> None:
    with launched_beside(served, release, tmp_path / "gate") as gate:
        gate.start()
        until_it_takes_updates(served, gate)
        began(served, "0.3.3")
        until(lambda: north(served).update_step == "failed")
        assert "does not start here" in north(served).update_why
        assert gate.state().running == "0.2.0"
        assert gate.opens(LIN)


def _alarms(served: ServedCompound) -> list[str]:
    with served.compound.act() as act:
        kinds = [alarm.kind for alarm in act.session.query(Alarm)]
    return [kind for kind in kinds if "update" in kind]


def _ordered(served: ServedCompound, version: str, order_id: str) -> None:
    with served.compound.act() as act:
        gate = act.session.get_one(Gate, "north")
        gate.ordered_version, gate.ordered_id = version, order_id


def _whole_update(gate: LaunchedGate) -> None:
    """Run an update to its end, or to the moment at which the power is cut."""
    until(lambda: not gate.runs or gate.state().step == TRIAL, gate.state)
    gate.opens(LIN)
    until(lambda: not gate.runs or (gate.state().step == KEPT and gate.state().reported), gate.state)


def moments_of(changes: list[str], count: int) -> list[int]:
    """Return numbers of changes at which to cut: each that is not one file of many, and some of those."""
    plain = [number for number, line in enumerate(changes, 1) if "/.new-" not in f"/{line.split()[1]}"]
    many = [number for number in range(1, len(changes) + 1) if number not in plain]
    return sorted([*plain, *many[:: max(1, len(many) // max(1, count - len(plain)))]])


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(4, marks=pytest.mark.wide),
        pytest.param(MOMENTS, marks=[pytest.mark.slow]),
    ],
)
def test_the_power_may_be_cut_at_any_moment_of_an_update(
    web_config: WebConfig, release: Path, tmp_path: Path, count: int
) -> None:
    with (
        serve_compound(web_config, tmp_path) as served,
        launched_beside(served, release, tmp_path / "gate") as gate,
    ):
        gate.start()
        until_it_takes_updates(served, gate)
        gate.end()
        before = tmp_path / "before"
        shutil.copytree(gate.root / "versions", before, symlinks=True)
        _ordered(served, "0.3.0", "whole.1")
        gate.start()
        _whole_update(gate)
        assert gate.state().version == "0.3.0"
        changes = gate.trace.read_text().splitlines()
        gate.end()
        moments = moments_of(changes, MOMENTS)
        if count < MOMENTS:
            moments = moments[:: len(moments) // count]
        opened, ran = 0, {"0.2.0": 0, "0.3.0": 0}
        for moment in moments:
            shutil.rmtree(gate.root / "versions")
            shutil.copytree(before, gate.root / "versions", symlinks=True)
            _ordered(served, "0.3.0", f"cut.{moment}")
            gate.start(cut_at=moment)
            _whole_update(gate)
            gate.cut_power()
            gate.start()
            where = f"cut before change {moment}, {changes[moment - 1]!r}"
            assert gate.opens(LIN), f"{where}: {gate.state()}"
            opened += 1
            ran[gate.version_that_runs()] += 1
            gate.cut_power()
        assert opened == len(moments)
        print(
            f"{len(changes)} changes; the power was cut before {len(moments)} of them: {opened} gates "
            f"opened, {ran['0.2.0']} by the old version, {ran['0.3.0']} by the new"
        )
