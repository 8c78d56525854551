"""The demo from outside, as an operator runs it: every step good, every saboteur noticed, nothing left."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from demo import cli, script
from demo.actors.manager_browser import ManagerDesk
from demo.cli import run
from demo.invitation import addresses
from demo.rig.processes import wait_until
from demo.script import STEP_NAMES
from demo.stage import open_stage
from demo.steps.devices import stuck_relay_alarm
from tests.support.faces.fixtures import require_portraits
from web_admin.alarms.models import Alarm

pytestmark = [pytest.mark.slow]

LONGEST_SECONDS = 1800.0
"""A whole run takes a minute, on a busy machine many times that; it ends with its last step."""
NOTICED = {
    "allow_all": {
        "unknown_card_refused",
        "qr_opens",
        "preview_names_who_stands_outside",
        "ended_card_refused",
    },
    "deny_all": set(STEP_NAMES) - {"unknown_card_refused", "withdraw_to_forgotten", "courier_once"},
    "replay": {"qr_opens"},
    "deaf_sync": {
        "qr_opens",
        "face_enrol_at_gate",
        "withdraw_to_forgotten",
        "preview_names_who_stands_outside",
        "ended_card_refused",
    },
    "numb": {"fire_observed_never_locks"},
    "hasty": {"call_answered_opens", "courier_once"},
}
"""The steps that each saboteur breaks."""
UNTOUCHED = {
    "allow_all": {"card_opens", "pin_opens", "face_enrol_at_gate", "stuck_relay_alarm"},
    "deny_all": set(),
    "replay": set(STEP_NAMES) - {"qr_opens"},
    "deaf_sync": {"card_opens", "unknown_card_refused", "pin_opens", "stuck_relay_alarm"},
    "numb": {"card_opens", "pin_opens", "unknown_card_refused", "face_opens", "stuck_relay_alarm"},
    "hasty": {"card_opens", "face_opens", "fire_observed_never_locks"},
}


@pytest.fixture(autouse=True)
def portraits() -> None:
    """Skip where the portraits were not fetched."""
    require_portraits()


def run_demo(folder: Path, *options: str) -> tuple[int, list[dict[str, object]], str]:
    """Run `menjin demo --once --json` with its temporary files in a folder; return status, lines, errors."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "menjin", "demo", "--once", "--json", *options],
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        env={**os.environ, "TMPDIR": str(folder)},
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of processes that name this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        found += [line] * (str(folder) in line)
    return found


def test_all_steps_go_well_in_their_order_and_nothing_is_left(tmp_path: Path) -> None:
    """The whole script, its lines, its trace, and what remains: nothing."""
    trace = tmp_path / "trace.jsonl"
    status, lines, errors = run_demo(tmp_path / "demo", "--trace", str(trace))
    assert [line["step"] for line in lines] == list(STEP_NAMES)
    assert [line for line in lines if line["ok"] is not True] == []
    assert status == 0, errors
    assert all(set(line) == {"step", "ok", "ms", "detail"} for line in lines)
    opened = {line["step"] for line in lines if line["ms"] is not None}
    assert {"card_opens", "pin_opens", "qr_opens", "visitor_pass_opens", "face_opens"} <= opened
    assert {step for step in opened if str(step).endswith("_refused")} == set()
    traced = [json.loads(line) for line in trace.read_text().splitlines()]
    assert all(set(line) == {"step", "pty", "direction", "hex", "at_ns"} for line in traced)
    talk = {(line["step"], line["pty"], line["direction"]) for line in traced}
    assert ("card_opens", "north-in-card", "to_host") in talk
    assert ("card_opens", "north-relay", "from_host") in talk
    assert ("stuck_relay_alarm", "garage-modbus", "from_host") in talk
    refused = [line for line in traced if line["step"] == "unknown_card_refused"]
    assert [line for line in refused if line["hex"].startswith("a00101")] == []
    assert list((tmp_path / "demo").iterdir()) == []
    assert processes_of(tmp_path / "demo") == []


@pytest.mark.parametrize("kind", sorted(NOTICED))
def test_a_saboteur_is_noticed_by_the_steps_that_should(kind: str, tmp_path: Path) -> None:
    """A broken product makes its steps say false, and the others go on saying true."""
    status, lines, errors = run_demo(tmp_path / "demo", "--sabotage", kind)
    failed = {str(line["step"]) for line in lines if line["ok"] is False}
    assert [line["step"] for line in lines] == list(STEP_NAMES), errors
    assert NOTICED[kind] <= failed
    assert UNTOUCHED[kind] & failed == set()
    assert status == 1


def test_every_step_is_broken_by_a_saboteur() -> None:
    assert set().union(*NOTICED.values()) == set(STEP_NAMES)


def test_ctrl_c_in_the_middle_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    """A person who changes their mind finds the machine as it was."""
    folder = tmp_path / "demo"
    folder.mkdir()
    demo = subprocess.Popen(
        [sys.executable, "-m", "menjin", "demo", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert demo.stdout is not None
    with demo:
        first = demo.stdout.readline()
        demo.send_signal(signal.SIGINT)
        status = demo.wait(LONGEST_SECONDS)
    assert json.loads(first)["step"] == "card_opens"
    assert status == 130
    assert list(folder.iterdir()) == []
    assert processes_of(folder) == []


def test_a_killed_demo_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    """The demo can do nothing more itself; server, gates and folder are gone all the same."""
    folder = tmp_path / "demo"
    folder.mkdir()
    demo = subprocess.Popen(
        [sys.executable, "-m", "menjin", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert demo.stdout is not None
    with demo:
        while "Start here" not in (line := demo.stdout.readline()):
            assert line, "the demo ended by itself"
        gates = [line for line in processes_of(folder) if " gate run " in line]
        demo.kill()
    wait_until(lambda: processes_of(folder) == [] == list(folder.iterdir()), LONGEST_SECONDS, "the sweeping")
    assert len(gates) == 3


def test_addresses_come_before_any_step(tmp_path: Path) -> None:
    """Who only wants to look waits for the start alone, and one line says where to begin."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "menjin", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert demo.stdout is not None
    with demo:
        before = list(iter(lambda: demo.stdout.readline().strip() if demo.stdout else "", ""))
        start = demo.stdout.readline()
        demo.send_signal(signal.SIGINT)
        assert demo.wait(LONGEST_SECONDS) == 130
    assert start.strip().startswith("Start here: http://127.0.0.1:")
    assert [line for line in before if "✓" in line or "✗" in line] == []
    assert "ready after" in before[-1]


def test_a_tour_leaves_no_alarm_and_each_role_signs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The printed sign-ins work as they are printed; what the steps set off waits for no one."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(script, "STEPS", (stuck_relay_alarm,))
    with open_stage(None, wrapper=[], tell=lambda _line: None) as stage:
        assert cli._play(stage, as_json=False)
        assert "stuck_relay_alarm" in capsys.readouterr().out
        with stage.office.read() as session:
            assert session.scalars(select(Alarm.note)).all() == [cli.PLAYED]
        text = "\n".join(addresses(stage, "http://bench.test/"))
        staff = re.findall(r"(\S+@demo\.test) +codes now (\d+) then \d+ +authenticator secret (\w+)", text)
        password = re.findall(r"password (\S+)", text)[0]
        assert sorted(email.partition("@")[0] for email, _code, _secret in staff) == [
            "guard",
            "installer",
            "manager",
            "privacy",
        ]
        for email, _code, secret in staff[1:]:  # the manager has signed in for the pairing
            desk = ManagerDesk(stage.server.address, email, password, secret)
            assert "</main>" in desk.page("/manage/account")
            desk.close()


def test_the_readme_counts_the_steps() -> None:
    """What a newcomer is promised to see is what is played."""
    readme = Path(__file__).parents[2] / "README.md"
    assert f"plays {len(STEP_NAMES)} steps once" in readme.read_text(encoding="utf-8").replace("\n", " ")


def test_missing_portraits_are_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing and what to do, before anything starts."""
    from demo import stage
    from demo.rig.processes import StartRefused

    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(StartRefused, match="make setup"), stage.open_stage(None, wrapper=[], tell=print):
        pytest.fail("the demo started without its pictures")


def test_a_missing_camera_is_reported_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["--camera", "987"])
    assert ended.value.code == 2
    assert "there is no /dev/video987" in capsys.readouterr().err
