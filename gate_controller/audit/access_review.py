"""`menjin audit access-review FILE`: check the record of an access review with the site's root key."""

import argparse
import hashlib
import sys
from pathlib import Path

from gate_controller.audit.certificate import (
    MAX_FILE_BYTES,
    add_file_options,
    print_json,
    read_with_root,
    say_broken,
)
from gate_controller.contract.anchor_file import NothingToVerify
from gate_controller.contract.forgetting_certificate import CertificateBroken
from gate_controller.contract.review_record import (
    ReviewRecord,
    check_review,
    counts_of,
    digest_of,
    in_words,
    read_review,
)
from hardware.files import FileTooLarge, NoRegularFile, read_regular


def add_access_review_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sentence = "check the record of an access review, and say what was decided"
    parser = commands.add_parser(
        "access-review",
        help=sentence,
        description=f"{sentence.capitalize()}. Ends with 0 when it is genuine, 1 when not, 2 when it cannot "
        "be decided.",
    )
    add_file_options(parser, "the record, as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="the same rows as a sheet: check that too")


def show_access_review(path: Path, root_key: str | None, sheet: Path | None, *, as_json: bool) -> int:
    """Check a record and print what it says; return the exit status.

    Raises NothingToVerify when file or key cannot be read.
    """
    found, root = read_with_root(path, root_key, read_review)
    try:
        check_review(found, root)
        if sheet is not None:
            _check_sheet(sheet, found.record)
    except CertificateBroken as err:
        return say_broken(err, as_json=as_json)
    lines = in_words(found, pinned=root is not None)
    if sheet is not None:
        lines.append("the sheet is the one that belongs to this record")
    if as_json:
        print_json(
            {
                "ok": True,
                "number": found.record.number,
                "counts": counts_of(found.record),
                "sha256": digest_of(found.record),
                "root_key_id": found.record.site.root_key_id,
                "root_key_given": root is not None,
                "lines": lines,
            }
        )
    else:
        ok = "the record is genuine" if root is not None else "the record is whole, by its own word"
        sys.stdout.write(f"ok: {ok}\n" + "".join(f"{line}\n" for line in lines))
    return 0


def _check_sheet(sheet: Path, record: ReviewRecord) -> None:
    try:
        body = read_regular(sheet, MAX_FILE_BYTES)
    except (NoRegularFile, FileTooLarge) as err:
        raise NothingToVerify(str(err)) from err
    except OSError as err:
        raise NothingToVerify(f"{sheet}: {err.strerror}") from err
    if hashlib.sha256(body).hexdigest() != record.csv_sha256:
        raise CertificateBroken("csv_sha256", f"{sheet} has other rows than this record")
