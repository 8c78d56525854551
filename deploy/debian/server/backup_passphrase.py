"""The passphrase of sealed backups: made, given or typed once, and where it is kept."""

import argparse
import getpass
import os
import pwd
import secrets
import sys
from pathlib import Path

from neighbours import USER, Refused, _

PASSPHRASE = Path("/etc/menjin/backup_passphrase")
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for one another on paper."""
SHORTEST_PASSPHRASE = 8


def has_passphrase() -> bool:
    """Whether backups have a passphrase; a run that was cut off may have left an empty file."""
    return PASSPHRASE.exists() and PASSPHRASE.read_text(encoding="utf-8").strip() != ""


def new_passphrase(chosen: argparse.Namespace) -> str:
    """Return the passphrase that was given, the backup's own, or a random one; raise Refused if too short."""
    given: Path | None = chosen.backup_passphrase_file
    if given is not None:
        text = given.read_text(encoding="utf-8").partition("\n")[0].strip()
        if len(text) < SHORTEST_PASSPHRASE:
            raise Refused(
                _(
                    "%(file)s: its first line has to have at least %(count)s characters",
                    file=given,
                    count=SHORTEST_PASSPHRASE,
                )
            )
        return text
    if chosen.restore is not None:
        if not sys.stdin.isatty():
            raise Refused(
                _(
                    "%(option)s is missing; give it, or answer at a terminal",
                    option="--backup-passphrase-file",
                )
            )
        return getpass.getpass(_("Passphrase of the backup") + ": ").strip()
    words = ["".join(secrets.choice(LETTERS) for _letter in range(5)) for _word in range(5)]
    return "-".join(words)


def keep_passphrase(text: str) -> None:
    """Keep the passphrase of backups where only root and the server read it."""
    PASSPHRASE.parent.mkdir(exist_ok=True)
    part = PASSPHRASE.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(f"{text}\n", encoding="utf-8")
    os.chown(part, 0, pwd.getpwnam(USER).pw_gid)
    part.chmod(0o640)
    part.replace(PASSPHRASE)


def say_of_passphrase() -> None:
    """Say what becomes of backups without their passphrase."""
    print(
        _(
            "Each night a sealed backup goes to /var/backups/menjin. Write down the passphrase in "
            "%(file)s and copy the backups elsewhere: without both nothing survives this disk.",
            file=PASSPHRASE,
        )
    )
