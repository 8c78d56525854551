"""The launcher starts a version that is there, whatever the disk says, and goes back from one that ends."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gate_controller.updates import launcher
from gate_controller.updates.launcher import (
    EXIT_NEXT,
    FETCHED,
    KEPT,
    MAX_STARTS,
    ROLLED_BACK,
    SWITCHED,
    TRIAL,
    NoVersion,
    State,
    next_start,
    point_at,
    read_state,
    remove_others,
    write_state,
)
from tests.support.gates.waiting import until

ON_TRIAL = State(SWITCHED, "2", "1", "order.1")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for version in ("1", "2"):
        (tmp_path / "versions" / version / "lib").mkdir(parents=True)
    return tmp_path


def test_what_lies_ready_does_not_run(root: Path) -> None:
    write_state(root, replace(ON_TRIAL, step=FETCHED))
    assert next_start(root).running == "1"
    assert (root / "versions" / "current").readlink().name == "1"


def test_a_version_on_trial_is_started_so_often_and_then_the_one_before(root: Path) -> None:
    write_state(root, ON_TRIAL)
    for start in range(1, MAX_STARTS + 1):
        state = next_start(root)
        assert (state.step, state.running, state.starts) == (TRIAL, "2", start)
        assert (root / "versions" / "current").readlink().name == "2"
    back = next_start(root)
    assert (back.step, back.running, back.reported) == (ROLLED_BACK, "1", False)
    assert "before it was kept" in back.why
    assert next_start(root) == back, "and stays"
    assert (root / "versions" / "current").readlink().name == "1"


def test_a_kept_version_is_started_for_ever(root: Path) -> None:
    write_state(root, State(KEPT, "2", "1"))
    assert {next_start(root).running for _ in range(10)} == {"2"}


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"step": 1}', '{"step":"kept","version":"9"}', "\0" * 200])
def test_a_state_that_says_nothing_leaves_the_version_of_the_link(root: Path, torn: str) -> None:
    point_at(root, "1")
    (root / "versions" / "state.json").write_text(torn)
    assert next_start(root).running == "1"


def test_without_link_and_state_some_whole_version_runs(root: Path) -> None:
    (root / "versions" / ".new-3" / "lib").mkdir(parents=True)
    assert next_start(root).running in ("1", "2")


def test_a_trial_whose_files_are_gone_goes_back(root: Path) -> None:
    write_state(root, ON_TRIAL)
    (root / "versions" / "2" / "lib").rmdir()
    assert (read_state(root).step, next_start(root).running) == (ROLLED_BACK, "1")


def test_without_any_version_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    with pytest.raises(NoVersion, match="install it again"):
        next_start(tmp_path)


def test_a_state_of_a_later_launcher_is_read(root: Path) -> None:
    (root / "versions" / "state.json").write_text('{"step":"kept","version":"2","of_a_later_version":1}')
    assert read_state(root) == State(KEPT, "2")


def test_old_versions_and_halves_of_new_ones_are_removed(root: Path) -> None:
    (root / "versions" / ".new-3" / "lib").mkdir(parents=True)
    (root / "versions" / "tuf").mkdir()
    point_at(root, "2")
    remove_others(root, ("2",))
    assert sorted(path.name for path in (root / "versions").iterdir()) == ["2", "current", "tuf"]


def _menjin(root: Path, version: str, code: str) -> None:
    (root / "versions" / version / "lib" / "menjin.py").write_text(f"def main():\n    {code}\n")


def test_it_runs_the_next_version_where_the_gate_asks_for_it_and_ends_as_the_gate_does(root: Path) -> None:
    write_state(root, State(KEPT, "1"))
    change = (
        "import os, sys, pathlib; sys.path.append(sys.argv[2]); import launcher as l; "
        "r = pathlib.Path(os.environ['MENJIN_ROOT']); "
        "l.write_state(r, l.State('switched', '2', '1')); return l.EXIT_NEXT"
    )
    _menjin(root, "1", change)
    _menjin(root, "2", "return 7")
    assert launcher.run(root, ["gate", str(Path(launcher.__file__).parent)]) == 7
    assert read_state(root) == State(TRIAL, "2", "1", starts=1)


def test_a_version_that_says_nothing_is_stopped_and_the_one_before_runs(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "LATEST_JUDGEMENT_SECONDS", 0.1)
    monkeypatch.setattr(launcher, "LOOK_SECONDS", 0.05)
    write_state(root, ON_TRIAL)
    _menjin(root, "2", "import time; time.sleep(600)")
    _menjin(root, "1", "return 5")
    assert launcher.run(root, ["gate"]) == 5
    assert read_state(root).why == "it did not say whether it is well"


def test_a_signal_to_the_launcher_reaches_the_gate(root: Path) -> None:
    write_state(root, State(KEPT, "1"))
    ready = root / "ready"
    _menjin(root, "1", f"import pathlib, signal; pathlib.Path({str(ready)!r}).touch(); signal.pause()")
    process = subprocess.Popen([sys.executable, launcher.__file__, str(root), "gate"])
    until(ready.exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 128 + signal.SIGTERM


def test_it_needs_nothing_but_python(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", launcher.__file__, str(root / "nowhere"), "gate"],
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "has no version of the gate" in done.stderr
    assert EXIT_NEXT not in (0, 2)
