"""`menjin gate run|check|identify|pair SITE.toml`, and `menjin gate pair-reader SITE.toml READER`."""

import argparse
import logging
import os
import queue
import signal
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import FrameType

from gate_controller.config import ConfigRefused, GateConfig, load_config
from hardware.errors import BadDeviceSetting


def run(argv: Sequence[str]) -> int:
    """Run one gate command; return the exit code."""
    parser = argparse.ArgumentParser(prog="menjin gate", description="Run and look after one gate.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, sentence in (
        ("run", "run the gate until it is told to stop"),
        ("check", "try every part of the site file and say what was seen"),
        ("identify", "print what the readers, keypads, scanners and inputs hear, until Ctrl-C"),
    ):
        command = commands.add_parser(name, help=sentence, description=sentence.capitalize() + ".")
        command.add_argument("site_file", type=Path, metavar="SITE.toml")
    pair = commands.add_parser("pair", help="introduce this gate to its server")
    pair.add_argument("site_file", type=Path, metavar="SITE.toml")
    pair.add_argument("--code", help="the one-time code from the manager's page; asked for when left out")
    pair.add_argument("--wait-seconds", type=float, default=900.0, help="how long to wait for the manager")
    pair_reader = commands.add_parser("pair-reader", help="give an OSDP reader in install mode its own key")
    pair_reader.add_argument("site_file", type=Path, metavar="SITE.toml")
    pair_reader.add_argument("reader", metavar="READER", help="its name in the site file")
    args = parser.parse_args(argv)
    logging.basicConfig(
        level=os.environ.get("MENJIN_LOG_LEVEL", "INFO"),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    try:
        config = load_config(args.site_file)
        if args.command == "pair":
            return _pair(config, args.code, args.wait_seconds)
        if args.command == "pair-reader":
            return _pair_reader(config, args.reader)
        return {"run": _run, "check": _check, "identify": _identify}[args.command](config)
    except (ConfigRefused, BadDeviceSetting) as err:
        print(f"menjin gate: {err}", file=sys.stderr)
        return 2


def _run(config: GateConfig) -> int:
    from gate_controller.assemble import assemble
    from gate_controller.secrets_dir import SecretsUnusable
    from gate_controller.service_notify import notify

    try:
        gate = assemble(config)
    except (SecretsUnusable, OSError) as err:
        print(f"menjin gate run: {err}", file=sys.stderr)
        return 2

    def stop(_signal: int, _frame: FrameType | None) -> None:
        gate.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    notify("READY=1")
    gate.run()
    return 0


def _pair(config: GateConfig, code: str | None, wait_seconds: float) -> int:
    from gate_controller.pairing import PairingFailed, pair

    def show(phrase: str) -> None:
        print(f"Compare with the manager's page: {phrase[:4]} {phrase[4:8]} {phrase[8:]}", flush=True)

    try:
        code = code or input("One-time code from the manager's page: ")
    except EOFError:
        print("\nmenjin gate pair: no code was typed; give it with --code", file=sys.stderr)
        return 2
    try:
        identity = pair(
            config.gate.server_url,
            config.gate.server_ca,
            config.gate.secrets_dir,
            code,
            hardware_name=socket.gethostname(),
            show_phrase=show,
            wait_seconds=wait_seconds,
        )
    except PairingFailed as err:
        print(f"menjin gate pair: {err}", file=sys.stderr)
        return 1
    print(f"Paired: this is gate {identity.gate_id} of {identity.site_id}.")
    return 0


def _pair_reader(config: GateConfig, name: str) -> int:
    from gate_controller.reader_pairing import pair
    from gate_controller.reader_parts import reader_address
    from gate_controller.secrets_dir import SecretsUnusable
    from hardware.errors import HardwareError

    address = reader_address(config, name)
    if address is None:
        known = ", ".join(sorted(config.osdp_reader)) or "none yet"
        print(f"menjin gate pair-reader: no OSDP reader is named {name!r}; named: {known}", file=sys.stderr)
        return 2
    try:
        print(pair(config.gate.secrets_dir, address))
    except (HardwareError, SecretsUnusable, OSError) as err:
        print(f"menjin gate pair-reader: {err}", file=sys.stderr)
        return 1
    return 0


def _check(config: GateConfig) -> int:
    from gate_controller.installer_check import check_gate, check_sheets

    bad = 0
    today = datetime.now(UTC).astimezone().date()
    for line in chain(check_gate(config), check_sheets(config, today)):
        print(("ok    " if line.ok else "WRONG ") + line.text, flush=True)
        bad += not line.ok
    return 1 if bad else 0


def _identify(config: GateConfig) -> int:
    from gate_controller.assemble import make_devices
    from gate_controller.installer_check import describe_report
    from gate_controller.secrets_dir import SecretsUnusable
    from gate_controller.wiring import ModbusLines
    from hardware.interfaces import DeviceReport

    heard: queue.SimpleQueue[DeviceReport] = queue.SimpleQueue()
    try:
        devices, lanes = make_devices(config, ModbusLines())
    except SecretsUnusable as err:
        print(f"menjin gate identify: {err}", file=sys.stderr)
        return 2
    print("Tap a card, press a key, show a code, open a door. Ctrl-C ends.", flush=True)
    for device in devices:
        device.start(heard.put)
    try:
        while True:
            print(describe_report(heard.get(), lanes), flush=True)
    except KeyboardInterrupt:
        return 0
    finally:
        for device in devices:
            device.stop()
