"""Take the folder of the one compound that is served here, so that no other process or machine serves it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from web_admin.cells.folders import MOVING
from web_admin.cells.serving_lock import ServedElsewhere, ServingLock, take_patiently
from web_admin.cli.answers import CommandRefused
from web_admin.core.config import SETTINGS, WebConfig
from web_admin.core.database import sqlite_file

ENDS_WITHIN_SECONDS = 10.0
"""So long a server of this machine that was stopped may take to end."""


@contextmanager
def served_here(config: WebConfig) -> Iterator[ServingLock]:
    """Hold the lock of the folder; wait for a server that ends, and refuse one that does not."""
    if (config.data_dir / MOVING).exists():
        raise CommandRefused(
            f"{config.data_dir / MOVING}: this compound is on its way into or out of a cell; run the command "
            "that moves it once more"
        )
    lock = ServingLock(config.data_dir, alone=sqlite_file(config.database_url) is not None)
    try:
        take_patiently(
            lock,
            lambda text: print(f"menjin web: {config.data_dir}: {text}", file=sys.stderr),
            ends_within_seconds=ENDS_WITHIN_SECONDS,
        )
    except ServedElsewhere as err:
        raise CommandRefused(f"{config.data_dir}: {err}; end it first") from err
    try:
        yield lock
    finally:
        lock.give_back()


def refuse_environment(*, but_data_dir: bool = False) -> None:
    """Raise CommandRefused where the environment sets what each cell has to say for itself.

    `but_data_dir`: a command that names each cell's folder is not misled by it.
    """
    folder = () if but_data_dir else ("DATA_DIR",)
    for name in (*folder, "SECRETS_DIR", "MAIL_PASSWORD", *(key.upper() for key in SETTINGS)):
        if f"MENJIN_{name}" in os.environ:
            raise CommandRefused(
                f"MENJIN_{name} is set: it would be the same for every cell. Unset it; each cell's web.toml "
                "and secrets say it (and --trusted-proxies what is in front of all)"
            )
