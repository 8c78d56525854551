"""A reader of another package opens a gate: nothing of Menjin knows it."""

import time
from pathlib import Path

import pytest

from gate_controller.assembly.assemble import assemble
from gate_controller.installer.device_check import check_devices
from gate_controller.site_file.config import ConfigRefused
from gate_controller.site_file.load import load_config
from tests.support.compounds.people import card, person, records
from tests.support.driver_packages import installed
from tests.support.gates.bench import CARD_KEY, bench_gate
from tests.support.gates.waiting import PATIENCE_SECONDS

NUMBER = 0x1234ABCD
BADGE = '[reader.badge]\nkind = "badge_reader"\nport = "{port}"\nlane = "north-in"\n'


def test_a_badge_opens_the_gate_through_the_driver_of_another_package(tmp_path: Path) -> None:
    with installed(tmp_path / "site"):
        from menjin_badge_reader.twin import BadgeTwin

        port = tmp_path / "dev" / "badge"
        with (
            bench_gate(tmp_path, more=BADGE.format(port=port)) as bench,
            BadgeTwin(port, name="badge") as badge,
        ):
            bench.give_policy(records(person(), card(NUMBER, CARD_KEY)))
            bench.start(also={"badge"})
            after_ns = badge.tap(NUMBER)
            assert bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=after_ns)
            bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS)
            bench.stop()
            assert bench.decisions() == [("card", "granted", True)]


def test_the_installers_check_listens_to_it_and_asks_its_driver(tmp_path: Path) -> None:
    with installed(tmp_path / "site"):
        from menjin_badge_reader.twin import BadgeTwin

        port = tmp_path / "dev" / "badge"
        more = BADGE.format(port=port) + "baud = 4800\n"
        with bench_gate(tmp_path, more=more) as bench, BadgeTwin(port, name="badge"):
            config = load_config(bench.write_site_file())
            said = [str(line) for line in check_devices(config, 0.5, time.monotonic)]
    assert "ok      reader badge: its port is open; nothing was shown to it meanwhile" in said
    assert "WRONG   reader badge: the reader speaks 9600 baud as shipped; the site file says 4800" in said


def test_a_driver_that_fails_is_named_in_one_sentence_and_ends_no_check(tmp_path: Path) -> None:
    def fails(source: str) -> str:
        assert "place.card_bits" in source
        return source.replace("place.card_bits", "place.card_bitz")

    port = tmp_path / "dev" / "badge"
    with (
        installed(tmp_path / "site", change=fails),
        bench_gate(tmp_path, more=BADGE.format(port=port)) as bench,
    ):
        config = load_config(bench.write_site_file())
        with pytest.raises(
            ConfigRefused, match="badge: the driver 'badge_reader' failed: AttributeError: 'Place'"
        ):
            assemble(config)


def test_a_check_of_a_driver_that_fails_is_a_finding(tmp_path: Path) -> None:
    def fails(source: str) -> str:
        assert "section.baud == 9600" in source
        return source.replace("section.baud == 9600", "section.bauds == 9600")

    port = tmp_path / "dev" / "badge"
    with (
        installed(tmp_path / "site", change=fails),
        bench_gate(tmp_path, more=BADGE.format(port=port)) as bench,
    ):
        said = [
            str(line) for line in check_devices(load_config(bench.write_site_file()), 0.3, time.monotonic)
        ]
    assert any("reader badge: the check of its driver failed: AttributeError" in line for line in said)
