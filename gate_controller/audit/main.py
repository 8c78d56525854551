"""`menjin audit`: check a journal or the ledger against its chain; certificates, releases, access reviews."""

import argparse
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gate_controller.audit.access_review import add_access_review_command, show_access_review
from gate_controller.audit.certificate import add_certificate_command, read_root_key, show_certificate
from gate_controller.audit.release import add_release_command, show_release
from gate_controller.contract.anchor_file import NothingToVerify, read_anchor, read_ledger_anchor
from gate_controller.contract.journal_chain import ChainBroken, Head, JournalEntry, verify_chain
from gate_controller.contract.ledger_file import check_ledger

DEFAULT_JOURNAL = Path("/var/lib/menjin-gate/journal.sqlite3")


@dataclass(frozen=True, slots=True)
class VerifiedEntries:
    """The entries that hold: how many, from where to where, and how many had their personal part erased.

    `countersigned` is the newest head of the server that lies in the file itself, None where none does.
    """

    count: int
    first_seq: int
    last_seq: int
    erased: int
    countersigned: Head | None = None


@dataclass(frozen=True, slots=True)
class _StatedEnd:
    """The end that a journal file states beside its entries, and the last entry handed over."""

    acknowledged_seq: int
    last_seq: int
    countersigned: Head | None


def _system_clock() -> datetime:
    return datetime.now(UTC)


def run(argv: Sequence[str], clock: Callable[[], datetime] = _system_clock) -> int:
    """Run one audit command; return 0 when everything holds, 1 when not, 2 when it cannot be decided."""
    args = _parsed(argv)
    try:
        if args.command == "certificate":
            return show_certificate(
                args.file,
                args.root_key,
                clock(),
                gate_keys=args.gate_keys,
                as_json=args.json,
                complete=args.complete,
            )
        if args.command == "release":
            return show_release(args.file, args.root_key, as_json=args.json)
        if args.command == "access-review":
            return show_access_review(args.file, args.root_key, args.csv, as_json=args.json)
        return _verify(args)
    except ChainBroken as err:
        sys.stdout.write(f"BROKEN: {err}\n")
        return 1
    except sqlite3.Error as err:
        sys.stderr.write(f"menjin audit verify: {args.journal}: {err}; name a gate's journal.sqlite3\n")
        return 2
    except BrokenPipeError:
        raise  # the reader of the pipe is gone: the caller ends quietly
    except (NothingToVerify, OSError) as err:
        sys.stderr.write(f"menjin audit {args.command}: {err}\n")
        return 2


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="menjin audit", description="Check what was written down.")
    commands = parser.add_subparsers(dest="command", required=True)
    sentence = "check a gate's journal or the server's ledger against its chain, and against an anchor"
    check = commands.add_parser("verify", help=sentence, description=sentence.capitalize() + ".")
    check.add_argument(
        "--journal",
        type=Path,
        default=DEFAULT_JOURNAL,
        metavar="FILE",
        help=f"a gate's journal (default: {DEFAULT_JOURNAL})",
    )
    check.add_argument(
        "--ledger", type=Path, metavar="FILE", help="instead: a ledger from 'menjin web export-ledger'"
    )
    check.add_argument(
        "--anchor",
        type=Path,
        metavar="FILE",
        help="a signed head kept elsewhere, as JSON; for a ledger also a certificate",
    )
    check.add_argument("--anchor-key", metavar="HEX", help="the public key that signed the anchor")
    check.add_argument("--root-key", metavar="FILE|HEX", help="of a ledger: the site's public root key")
    add_certificate_command(commands)
    add_release_command(commands)
    add_access_review_command(commands)
    args = parser.parse_args(argv)
    if args.command == "verify" and args.anchor_key and not args.anchor:
        parser.error("--anchor-key needs --anchor")
    return args


def _verify(args: argparse.Namespace) -> int:
    if args.ledger is not None:
        sys.stdout.write(_ledger_report(args))
        return 0
    head = read_anchor(args.anchor, args.anchor_key) if args.anchor else None
    verified = verify_journal(args.journal, head)
    sys.stdout.write(_report(verified, head, checked_signature=bool(args.anchor_key)))
    return 0


def _ledger_report(args: argparse.Namespace) -> str:
    path: Path = args.ledger
    root = read_root_key(args.root_key) if args.root_key is not None else None
    anchor = read_ledger_anchor(args.anchor, args.anchor_key) if args.anchor is not None else None
    try:
        found = check_ledger(path, anchor, root)
    except ValueError as err:
        raise NothingToVerify(f"{path}: {err}") from err
    text = (
        f"ok: {found.count} entries of the ledger of site {found.site_id} follow from each other up to the "
        f"end that the site signed; {found.erased} have their personal part erased\n"
    )
    if anchor is None:
        return f"{text}no anchor given: that the ledger was never rewritten is not shown\n"
    return f"{text}the anchor at entry {anchor.seq} holds: nothing up to it was changed\n"


def _report(verified: VerifiedEntries, head: Head | None, *, checked_signature: bool) -> str:
    text = (
        f"ok: {verified.count} entries, {verified.first_seq} to {verified.last_seq}, follow from each other; "
        f"{verified.erased} have their personal part erased\n"
    )
    kept = verified.countersigned
    if kept is not None:
        text += f"entry {kept.seq} is the one of the server's countersigned head in the file\n"
    else:
        text += "no head of the server is in the file: whether entries were cut off at its end is not shown\n"
    if head is None:
        return f"{text}no anchor given: the journal fits together; that it was never rewritten is not shown\n"
    signed = "signed by the key given" if checked_signature else "signature not checked: --anchor-key HEX"
    return f"{text}the anchor at entry {head.seq} holds ({signed}): nothing up to it was changed\n"


def verify_journal(path: Path, head: Head | None = None) -> VerifiedEntries:
    """Check every entry of a journal file, its ends, and that an anchor's entry is the one it names.

    The file says itself how far it was written, handed over and countersigned: entries that are missing at
    its end, or that went before they were handed over, are named.
    Raise ChainBroken naming the first entry that does not hold, NothingToVerify or sqlite3.Error.
    """
    if not path.is_file():
        raise NothingToVerify(f"{path} is not there; name a gate's journal with --journal FILE")
    kept = _kept(path)
    seen = first = erased = 0
    last: tuple[int, bytes] | None = None
    for entry in _entries(path):
        if last is not None and entry.seq != last[0] + 1:
            raise ChainBroken(f"entry {entry.seq} follows entry {last[0]}: entries are missing")
        last = verify_chain([entry], last[1] if last is not None else None)
        for name, known in (("anchor", head), ("server's countersigned head", kept.countersigned)):
            if known is not None and entry.seq == known.seq and entry.digest != known.digest:
                raise ChainBroken(f"entry {entry.seq} is not the one the {name} names: it was rewritten")
        seen, first, erased = seen + 1, first or entry.seq, erased + (entry.personal is None)
    if head is not None and (last is None or not first <= head.seq <= last[0]):
        held = f"entries {first} to {last[0]}" if last is not None else "no entry"
        raise ChainBroken(f"the anchor names entry {head.seq}, and the journal holds {held}")
    last_seq = last[0] if last is not None else 0
    _check_ends(kept, first, last_seq)
    return VerifiedEntries(seen, first, last_seq, erased, kept.countersigned)


def _check_ends(kept: _StatedEnd, first: int, last_seq: int) -> None:
    """Raise ChainBroken naming what is missing at either end, by the file's own word."""
    countersigned = kept.countersigned.seq if kept.countersigned is not None else 0
    written = max(kept.last_seq, kept.acknowledged_seq, countersigned)
    if last_seq < written:
        by = "the server countersigned" if written == countersigned else "the file says that it had"
        raise ChainBroken(f"entries {last_seq + 1} to {written} are missing: {by} entry {written}")
    if first - 1 > max(kept.acknowledged_seq, countersigned):
        raise ChainBroken(
            f"entries {max(kept.acknowledged_seq, countersigned) + 1} to {first - 1} are missing: they were "
            "never handed over"
        )


def _kept(path: Path) -> _StatedEnd:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        state: dict[str, bytes] = dict(connection.execute("SELECT name, value FROM state"))
    try:
        countersigned = None
        if "anchor" in state:
            head, _signature = msgspec.json.decode(state["anchor"], type=tuple[bytes, bytes])
            countersigned = msgspec.json.decode(head, type=Head)
        acknowledged, last = (int(state.get(name, b"0")) for name in ("acknowledged_seq", "last_seq"))
        return _StatedEnd(acknowledged, last, countersigned)
    except (msgspec.MsgspecError, ValueError, TypeError) as err:
        raise ChainBroken(f"what the file says of its own end cannot be read: {err}") from err


def _entries(path: Path) -> Iterator[JournalEntry]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        for seq, at, body in connection.execute("SELECT seq, at, entry FROM journal ORDER BY seq"):
            try:
                entry = msgspec.json.decode(body, type=JournalEntry)
            except (msgspec.MsgspecError, ValueError, TypeError) as err:
                raise ChainBroken(f"entry {seq} cannot be read: {err}") from err
            if entry.seq != seq or entry.at.isoformat() != at:
                raise ChainBroken(f"entry {seq} lies in the place of another")
            yield entry
