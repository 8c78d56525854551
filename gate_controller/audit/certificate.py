"""`menjin audit certificate FILE`: check a certificate of forgetting with nothing but the site's root key."""

import argparse
import base64
import binascii
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from gate_controller.command_line.command_names import gate_command
from gate_controller.contract.anchor_file import NothingToVerify
from gate_controller.contract.forgetting_certificate import (
    CertificateBroken,
    CheckedCertificate,
    check_certificate,
    read_certificate,
    what_is_open,
)
from gate_controller.contract.forgetting_in_words import in_words
from hardware.files import FileTooLarge, NoRegularFile, read_regular

Found = TypeVar("Found")

KEY_BYTES = 32
MAX_FILE_BYTES = 16_000_000


def add_certificate_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sentence = "check a certificate that a face was forgotten, and say each line of it in words"
    parser = commands.add_parser(
        "certificate",
        help=sentence,
        description=f"{sentence.capitalize()}. Ends with 0 when it is genuine, 1 when not, 2 when it cannot "
        "be decided.",
    )
    add_file_options(parser, "the certificate, as JSON")
    parser.add_argument(
        "--gate-key",
        action="append",
        default=[],
        metavar="GATE=FILE|HEX",
        dest="gate_keys",
        help="the public key of a gate, as 'menjin gate key' says at that gate; may be given for each",
    )
    parser.add_argument(
        "--complete", action="store_true", help="end with 1 also while something is still open"
    )


def add_file_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the options of every command that checks a file under a site's root key."""
    parser.add_argument("file", type=Path, metavar="FILE", help=what)
    parser.add_argument(
        "--root-key",
        metavar="FILE|HEX",
        help="the site's public root key, from elsewhere; without it the file's own word is taken",
    )
    parser.add_argument("--json", action="store_true", help="print one object")


def show_certificate(
    path: Path,
    root_key: str | None,
    now: datetime,
    *,
    gate_keys: Sequence[str] = (),
    as_json: bool,
    complete: bool = False,
) -> int:
    """Check a certificate and print what it says; return the exit status.

    A server whose clock runs ahead calls a lease expired too early: what is complete by its clock alone is
    reported as not yet complete.
    Raises NothingToVerify when file or key cannot be read.
    """
    keys = _read_gate_keys(gate_keys)
    found, root = read_with_root(path, root_key, read_certificate)
    unknown = sorted(set(keys) - {gate.gate_id for gate in found.statement.gates})
    if unknown:
        raise NothingToVerify(f"--gate-key: the certificate is about no gate {', '.join(unknown)}")
    try:
        checked = check_certificate(found, root, keys)
    except CertificateBroken as err:
        return say_broken(err, as_json=as_json)
    statement = checked.statement
    early = what_is_open(statement.gates, statement.wrapping_keys, now) if now < statement.made_at else ()
    too_early = tuple(what for what in early if what not in statement.open)
    _print(checked, too_early, as_json=as_json)
    return 1 if complete and (statement.state != "complete" or too_early) else 0


def _read_gate_keys(given: Sequence[str]) -> dict[str, bytes]:
    """Return keys by gate from `GATE=FILE|HEX`; raise NothingToVerify when one is none."""
    keys = {}
    for text in given:
        gate_id, _equals, key = text.partition("=")
        keys[gate_id] = read_public_key(key, "--gate-key")
    return keys


def read_with_root(
    path: Path, root_key: str | None, read: Callable[[bytes], Found]
) -> tuple[Found, bytes | None]:
    """Return what a file holds and the root key given; raise NothingToVerify where one is unreadable."""
    try:
        root = read_root_key(root_key) if root_key is not None else None
        return read(read_regular(path, MAX_FILE_BYTES)), root
    except (NoRegularFile, FileTooLarge) as err:
        raise NothingToVerify(str(err)) from err
    except (OSError, ValueError) as err:
        reason = err.strerror or str(err) if isinstance(err, OSError) else str(err)
        raise NothingToVerify(f"{path}: {reason}") from err


def say_broken(broken: CertificateBroken, *, as_json: bool) -> int:
    """Print what failed and return the exit status."""
    if as_json:
        print_json({"ok": False, "field": broken.field, "detail": broken.why})
    else:
        sys.stdout.write(f"BROKEN: {broken}\n")
    return 1


def read_root_key(text: str) -> bytes:
    """Return a public root key; raise NothingToVerify when it is none."""
    return read_public_key(text, "--root-key")


def read_public_key(text: str, option: str) -> bytes:
    """Return a public key from hex digits, or from a file of hex, base64, PEM or 32 bytes.

    Raises NothingToVerify, naming the option, when it is none of them.
    """
    path = Path(text)
    content = path.read_bytes() if len(text) != 2 * KEY_BYTES and path.is_file() else text.encode()
    key = _as_key(content)
    if key is None:
        what = "public root key" if option == "--root-key" else "public key"
        raise NothingToVerify(f"{option} {text}: neither 64 hex digits nor a file with a {what}")
    return key


def _as_key(content: bytes) -> bytes | None:
    if len(content) == KEY_BYTES:
        return content
    line = content.strip()
    try:
        if line.startswith(b"-----BEGIN PUBLIC KEY"):
            return load_pem_public_key(line).public_bytes(Encoding.Raw, PublicFormat.Raw)
        key = (
            bytes.fromhex(line.decode())
            if len(line) == 2 * KEY_BYTES
            else base64.b64decode(line, validate=True)
        )
    except (ValueError, UnicodeDecodeError, binascii.Error):
        return None
    return key if len(key) == KEY_BYTES else None


def _print(checked: CheckedCertificate, too_early: tuple[str, ...], *, as_json: bool) -> None:
    lines = in_words(checked, gate_command("key"))
    if too_early:
        lines.insert(
            0, f"NOT YET by this machine's clock, which is behind the server's: {', '.join(too_early)}"
        )
    if not as_json:
        sys.stdout.write("ok: the certificate is genuine\n" + "".join(f"{line}\n" for line in lines))
        return
    statement = checked.statement
    print_json(
        {
            "ok": True,
            "state": statement.state,
            "open": statement.open,
            "open_by_this_clock": too_early,
            "consent_id": statement.consent.consent_id,
            "root_key_id": statement.site.root_key_id,
            "root_key_given": checked.pinned,
            "gate_keys_given": sorted(checked.pinned_gates),
            "lines": lines,
        }
    )


def print_json(content: dict[str, object]) -> None:
    sys.stdout.write(msgspec.json.encode(content).decode() + "\n")
