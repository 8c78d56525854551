"""`menjin audit release FILE`: check a written release with nothing but the site's root key."""

import argparse
import sys
from pathlib import Path

from gate_controller.audit.certificate import add_file_options, print_json, read_with_root, say_broken
from gate_controller.contract.forgetting_certificate import CertificateBroken
from gate_controller.contract.written_release import check_release, in_words, read_release


def add_release_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sentence = "check a consent in signed form, and say what was signed"
    parser = commands.add_parser(
        "release",
        help=sentence,
        description=f"{sentence.capitalize()}. Ends with 0 when it is genuine, 1 when not, 2 when it cannot "
        "be decided.",
    )
    add_file_options(parser, "the written release, as JSON")


def show_release(path: Path, root_key: str | None, *, as_json: bool) -> int:
    """Check a release and print what it says; return the exit status.

    Raises NothingToVerify when file or key cannot be read.
    """
    found, root = read_with_root(path, root_key, read_release)
    try:
        check_release(found, root)
    except CertificateBroken as err:
        return say_broken(err, as_json=as_json)
    lines = in_words(found, pinned=root is not None)
    if as_json:
        print_json(
            {
                "ok": True,
                "consent_id": found.release.consent_id,
                "signed_at": found.release.signed_at,
                "root_key_id": found.release.site.root_key_id,
                "root_key_given": root is not None,
                "lines": lines,
            }
        )
    else:
        ok = "the release is genuine" if root is not None else "the release is whole, by its own word"
        sys.stdout.write(f"ok: {ok}\n" + "".join(f"{line}\n" for line in lines))
    return 0
