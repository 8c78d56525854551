"""What a monitor of the gate reads: true numbers, in a file that is always whole."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gate_controller.contract.messages import DeviceHealth
from gate_controller.lane.status import GateStatus
from gate_controller.storage.disk_room import DiskState
from gate_controller.sync.numbers import GateNumbers, NumbersFile

NOW = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
NUMBERS = GateNumbers(
    program="0.2.0",
    at=NOW,
    is_online=False,
    clock_is_sure=True,
    policy_version=7,
    policy_issued_at=NOW - timedelta(hours=2),
    journal_seq=120,
    acknowledged_seq=100,
    disk=DiskState(5, 100, reserve_in_use=True),
    status=GateStatus(
        (), (DeviceHealth(device="card", health="ok"), DeviceHealth(device="keys", health="lost"))
    ),
)


def test_the_file_says_how_the_gate_is(tmp_path: Path) -> None:
    NumbersFile(tmp_path / "gate.prom").write(NUMBERS)
    text = (tmp_path / "gate.prom").read_text(encoding="utf-8")
    found = {
        (sample.name.removeprefix("menjin_controller_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found == {
        ("build_info", "0.2.0"): 1,
        ("written_timestamp_seconds",): NOW.timestamp(),
        ("server_in_reach",): 0,
        ("clock_sure",): 1,
        ("policy_version",): 7,
        ("policy_issued_timestamp_seconds",): NOW.timestamp() - 7200,
        ("journal_entries",): 120,
        ("events_unsent",): 20,
        ("disk_free_bytes",): 5,
        ("disk_bytes",): 100,
        ("disk_reserve_in_use",): 1,
        ("device_up", "card"): 1,
        ("device_up", "keys"): 0,
    }
    page = (Path(__file__).parents[3] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    assert [name for name, *_ in found if f"menjin_controller_{name}" not in page] == []
    assert [file.name for file in tmp_path.iterdir()] == ["gate.prom"], "nothing half-written lies there"


def test_a_folder_that_is_missing_is_said_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = NumbersFile(tmp_path / "missing" / "gate.prom")
    for _ in range(3):
        file.write(NUMBERS)
    assert caplog.text.count("missing/gate.prom") == 1
    NumbersFile(None).write(NUMBERS)
