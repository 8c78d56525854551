"""`menjin audit release FILE`: check a written release with nothing but the site's root key."""

import argparse
import sys
from pathlib import Path

import msgspec

from gate_controller.anchor_file import NothingToVerify
from gate_controller.audit_certificate import read_root_key
from gate_controller.forgetting_certificate import CertificateBroken
from gate_controller.written_release import check_release, in_words, read_release


def add_release_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    sentence = "check a consent in signed form, and say what was signed"
    parser = commands.add_parser(
        "release",
        help=sentence,
        description=f"{sentence.capitalize()}. Ends with 0 when it is genuine, 1 when not, 2 when it cannot "
        "be told.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the written release, as JSON")
    parser.add_argument(
        "--root-key",
        metavar="FILE|HEX",
        help="the site's public root key, from elsewhere; without it the file's own word is taken",
    )
    parser.add_argument("--json", action="store_true", help="print one object")


def show_release(path: Path, root_key: str | None, *, as_json: bool) -> int:
    """Check a release and print what it says; return the exit status.

    Raises NothingToVerify when file or key cannot be read.
    """
    try:
        root = read_root_key(root_key) if root_key is not None else None
        found = read_release(path.read_bytes())
    except (OSError, ValueError) as err:
        reason = err.strerror or str(err) if isinstance(err, OSError) else str(err)
        raise NothingToVerify(f"{path}: {reason}") from err
    try:
        check_release(found, root)
    except CertificateBroken as err:
        if as_json:
            _print_json({"ok": False, "field": err.field, "detail": err.why})
        else:
            sys.stdout.write(f"BROKEN: {err}\n")
        return 1
    lines = in_words(found, pinned=root is not None)
    if as_json:
        _print_json({
            "ok": True, "consent_id": found.release.consent_id, "signed_at": found.release.signed_at,
            "root_key_id": found.release.site.root_key_id, "root_key_given": root is not None,
            "lines": lines,
        })
    else:
        ok = "the release is genuine" if root is not None else "the release is whole, by its own word"
        sys.stdout.write(f"ok: {ok}\n" + "".join(f"{line}\n" for line in lines))
    return 0


def _print_json(content: dict[str, object]) -> None:
    sys.stdout.write(msgspec.json.encode(content).decode() + "\n")
