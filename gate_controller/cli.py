"""`menjin gate WORD SITE.toml`: run, check, identify, pair, fetch, ready, key, prompts, pair-reader.

`menjin gate telephone FOLDER` checks the settings of the telephone program.
"""

import argparse
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from gate_controller.command_line.command_names import gate_program
from gate_controller.command_line.spoken import Catalogue, language_of
from gate_controller.contract.https_only import in_the_clear
from gate_controller.contract.languages import Language
from gate_controller.site_file.config import ConfigRefused, GateConfig
from gate_controller.site_file.load import load_config
from gate_controller.updates.launcher import EXIT_NEXT, ROOT_VARIABLE
from hardware.errors import BadDeviceSetting

LONGEST_SECONDS = 86_400.0

_ = Catalogue(Path(__file__).parent / "terminal/translations")


def run(argv: Sequence[str]) -> int:
    """Run one gate command; return the exit code."""
    args = _parser().parse_args(argv)
    _.speak(language_of(os.environ))
    logging.basicConfig(
        level=os.environ.get("MENJIN_LOG_LEVEL", "INFO"),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    try:
        if args.command == "identify":
            return _identify(args.site_file, args.card, args.ports, args.seconds, args.json)
        if args.command == "telephone":
            return _check_telephone(args.folder)
        config = load_config(args.site_file)
        if args.command in {"run", "pair", "fetch"} and (trouble := in_the_clear(config.gate.server_url)):
            print(f"{gate_program()} {args.command}: gate.server_url: {trouble}", file=sys.stderr)
            return 2
        if args.command == "pair":
            return _pair(config, args.site_file, args.code or args.code_file, args.wait_seconds)
        if args.command == "fetch":
            return _fetch(config, args.site_file)
        if args.command == "key":
            return _say_key(config)
        if args.command == "prompts":
            return _make_prompts(config)
        if args.command == "pair-reader":
            return _pair_reader(config, args.reader)
        if args.command == "ready":
            return _ready(config)
        if args.command == "check":
            return _check(config, args.seconds, args.json)
        return _run(config, args.site_file)
    except (ConfigRefused, BadDeviceSetting) as err:
        print(f"{gate_program()}: {err}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=gate_program(), description="Run and look after one gate.")
    commands = parser.add_subparsers(dest="command", required=True)
    sentence = "run the gate until it receives a signal to stop"
    command = commands.add_parser("run", help=sentence, description=sentence.capitalize() + ".")
    command.add_argument("site_file", type=Path, metavar="SITE.toml")
    _add_check(commands)
    _add_identify(commands)
    pair = commands.add_parser("pair", help="introduce this gate to its server")
    pair.add_argument("site_file", type=Path, metavar="SITE.toml")
    pair.add_argument("--code", help="the one-time code from the manager's page; asked for when left out")
    pair.add_argument("--code-file", type=Path, help="whose first line is the one-time code")
    pair.add_argument("--wait-seconds", type=float, default=900.0, help="how long to wait for the manager")
    sentence = "load all of this version, read the site file and say which version it is"
    ready = commands.add_parser("ready", help=sentence, description=sentence.capitalize() + ".")
    ready.add_argument("site_file", type=Path, metavar="SITE.toml")
    fetch = commands.add_parser("fetch", help="fetch what the office has; stop the gate before")
    fetch.add_argument("site_file", type=Path, metavar="SITE.toml")
    key = commands.add_parser("key", help="say this gate's public key, to compare it with a certificate")
    key.add_argument("site_file", type=Path, metavar="SITE.toml")
    sentence = "make what the gate says in its own calls to telephones, with espeak-ng"
    prompts = commands.add_parser("prompts", help=sentence, description=sentence.capitalize() + ".")
    prompts.add_argument("site_file", type=Path, metavar="SITE.toml")
    sentence = "check the settings of the telephone program; its unit does so at each start"
    telephone = commands.add_parser("telephone", help=sentence, description=sentence.capitalize() + ".")
    telephone.add_argument("folder", type=Path, metavar="FOLDER", help="where config and accounts lie")
    pair_reader = commands.add_parser("pair-reader", help="give an OSDP reader in install mode its own key")
    pair_reader.add_argument("site_file", type=Path, metavar="SITE.toml")
    pair_reader.add_argument("reader", metavar="READER", help="its name in the site file")
    return parser


def _seconds(text: str) -> float:
    """Return a time that begins and ends; argparse makes a sentence of the error."""
    seconds = float(text)
    if not 0 < seconds <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most {LONGEST_SECONDS:g}, not {text}")
    return seconds


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = commands.add_parser(
        "check",
        help="try every part of the site file and say what was seen",
        description="Try every part of the site file, say what was seen and what to do. No lock is opened. "
        "Tap a card or press a key meanwhile to try the readers. Ends with 1 when something is WRONG.",
    )
    check.add_argument("site_file", type=Path, metavar="SITE.toml")
    check.add_argument("--seconds", type=_seconds, default=4.0, help="how long readers and inputs are heard")
    check.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_identify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    identify = commands.add_parser(
        "identify",
        help="wait for a tap, key, code or contact; say which port it came from and print its lines",
        description="Wait for a tap, key, code or contact, say which port it came from and print the lines "
        "of the site file for it. Ports that no site file names are only listened to: nothing is sent.",
    )
    identify.add_argument("site_file", type=Path, metavar="SITE.toml", nargs="?")
    identify.add_argument("--card", metavar="NUMBER", help="the number printed on the card you tap")
    identify.add_argument("--seconds", type=_seconds, help="end after so long instead of at Ctrl-C")
    identify.add_argument("--ports", type=Path, metavar="DIR", help="look for ports there, not in /dev")
    identify.add_argument("--json", action="store_true", help="one JSON object a line")


def _make_prompts(config: GateConfig) -> int:
    """Write the prompts into the folder of the site file."""
    from gate_controller.installer.prompts import make_prompts

    folder = config.telephone.prompts_dir if config.telephone is not None else None
    if folder is None:
        print(f"{gate_program()} prompts: the site file has no telephone.prompts_dir", file=sys.stderr)
        return 2

    def say_in(language: Language) -> Catalogue:
        said = Catalogue(Path(__file__).parent / "terminal/translations")
        said.speak(language)
        return said

    try:
        for path in make_prompts(folder, say_in):
            print(path)
    except (OSError, subprocess.SubprocessError) as err:
        print(
            f"{gate_program()} prompts: {err}; `sudo apt install espeak-ng`, and the folder has to be there "
            "and writable",
            file=sys.stderr,
        )
        return 1
    return 0


def _check_telephone(folder: Path) -> int:
    """Say what is wrong with the telephone program's settings; 1 where it must not start with them."""
    from gate_controller.installer.lines import Verdict
    from gate_controller.installer.telephone_check import check_telephone_program

    lines = list(check_telephone_program(folder))
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if any(line.verdict is Verdict.WRONG for line in lines) else 0


def _ready(config: GateConfig) -> int:
    """Load what a gate runs with, whose site file was read; say which version this is."""
    from gate_controller.assembly import assemble  # noqa: F401
    from gate_controller.assembly.devices import load_drivers
    from gate_controller.contract.program import program_version
    from gate_controller.updates import fetch  # noqa: F401 - the launcher's gate loads it later

    load_drivers(config)
    print(program_version())
    return 0


def _run(config: GateConfig, site_file: Path) -> int:
    from gate_controller.assembly.assemble import assemble
    from gate_controller.assembly.process_hardening import harden_process
    from gate_controller.control.systemd import notify
    from gate_controller.storage.secrets import SecretsUnusable

    # Before the first secret is read.
    for trouble in harden_process():
        logging.getLogger(__name__).warning("%s", trouble)
    root = os.environ.get(ROOT_VARIABLE)
    try:
        gate = assemble(config, root=Path(root) if root else None, site_file=site_file)
    except (SecretsUnusable, OSError) as err:
        print(f"{gate_program()} run: {err}", file=sys.stderr)
        return 2

    def stop(_signal: int, _frame: FrameType | None) -> None:
        gate.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    notify("READY=1")
    gate.run()
    return EXIT_NEXT if gate.controller.ends_for_another else 0


def _pair(config: GateConfig, site_file: Path, code: str | Path | None, wait_seconds: float) -> int:
    from gate_controller.sync.pairing import PairingFailed, pair

    def show(phrase: str, site_name: str | None) -> None:
        if site_name is not None:
            print(_("This gate will belong to: %(site)s", site=site_name), flush=True)
            print(_("If that is another compound, press Ctrl+C. The name is right if the characters are."))
        fours = " ".join(phrase[at : at + 4] for at in range(0, len(phrase), 4))
        print(_("Compare with the manager's page: %(code)s", code=fours), flush=True)

    try:
        if isinstance(code, Path):
            code = code.read_text(encoding="utf-8").strip()
        code = code or input(_("One-time code from the manager's page: "))
    except OSError as err:
        print(f"{gate_program()} pair: {err}", file=sys.stderr)
        return 2
    except EOFError:
        print(f"\n{gate_program()} pair: no code was typed; give it with --code", file=sys.stderr)
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
            monotonic=time.monotonic,
        )
    except PairingFailed as err:
        print(f"{gate_program()} pair: {err}", file=sys.stderr)
        return 1
    print(_("Paired: this is gate %(gate)s of %(site)s.", gate=identity.gate_id, site=identity.site_id))
    # Without them the gate opens all the same.
    _fetch(config, site_file)
    return 0


def _fetch(config: GateConfig, site_file: Path) -> int:
    from gate_controller.assembly.stored_state import read_identity
    from gate_controller.storage.secrets import SecretsUnusable
    from gate_controller.sync.site_facts import NotFetched, fetch_facts

    try:
        facts = fetch_facts(config, read_identity(config.gate.secrets_dir), site_file, datetime.now(UTC))
    except (NotFetched, SecretsUnusable, OSError) as err:
        print(f"{gate_program()} fetch: {err}", file=sys.stderr)
        return 1
    sheets = [lane.lane_id for lane in facts.lanes if lane.sheet is not None]
    print(
        f"From the office: lanes {', '.join(lane.lane_id for lane in facts.lanes) or 'none yet'}; "
        f"sheets of {', '.join(sheets) or 'none yet'}."
    )
    return 0


def _say_key(config: GateConfig) -> int:
    from gate_controller.contract.forgetting_certificate import key_id
    from gate_controller.contract.signing import public_bytes
    from gate_controller.storage.secrets import SecretsUnusable, gate_private_key

    try:
        key = public_bytes(gate_private_key(config.gate.secrets_dir))
    except (SecretsUnusable, OSError) as err:
        print(f"{gate_program()} key: {err}", file=sys.stderr)
        return 2
    print(f"{key_id(key)}  {key.hex()}")
    return 0


def _pair_reader(config: GateConfig, name: str) -> int:
    from gate_controller.assembly.reader_keys import pair
    from gate_controller.assembly.readers import reader_address
    from gate_controller.storage.secrets import SecretsUnusable
    from hardware.errors import HardwareError

    address = reader_address(config, name)
    if address is None:
        known = ", ".join(sorted(config.osdp_reader)) or "none yet"
        said = f"no OSDP reader is named {name!r}; named: {known}"
        print(f"{gate_program()} pair-reader: {said}", file=sys.stderr)
        return 2
    try:
        print(pair(config.gate.secrets_dir, address))
    except (HardwareError, SecretsUnusable, OSError) as err:
        print(f"{gate_program()} pair-reader: {err}", file=sys.stderr)
        return 1
    return 0


def _check(config: GateConfig, seconds: float, as_json: bool) -> int:
    from gate_controller.installer.check import check_gate
    from gate_controller.installer.lines import Verdict

    if not as_json:
        print("Tap a card at each reader and press a key at each keypad while this runs.", flush=True)
    worst = Verdict.OK
    for line in check_gate(config, datetime.now(UTC), time.monotonic, seconds=seconds):
        print(line.as_json() if as_json else str(line), flush=True)
        worst = Verdict.WRONG if line.verdict is Verdict.WRONG else worst
    return 1 if worst is Verdict.WRONG else 0


def _identify(
    site_file: Path | None, card: str | None, ports: Path | None, seconds: float | None, as_json: bool
) -> int:
    from gate_controller.contract.card_numbers import NoCardNumber, printed_number
    from gate_controller.installer.identify import identify

    config = load_config(site_file) if site_file is not None else None
    try:
        number = printed_number(card) if card is not None else None
    except NoCardNumber as err:
        print(f"{gate_program()} identify: --card: {err}", file=sys.stderr)
        return 2
    if not as_json:
        print("Tap a card, press a key, show a code, move a contact. Ctrl-C ends.", flush=True)
    ends = None if seconds is None else time.monotonic() + seconds
    is_stopped = threading.Event()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, lambda _signal, _frame: is_stopped.set())

    def is_over() -> bool:
        return is_stopped.is_set() or (ends is not None and time.monotonic() >= ends)

    for said in identify(config, card=number, ports=ports, is_over=is_over):
        print(json.dumps(said.fields) if as_json else "\n".join(said.lines), flush=True)
    return 0
