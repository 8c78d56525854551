"""Judge mutants of functions that run at import: `python -m tests.mutation.importing --mutants FILE …`.

Each gets a fork of a process that has imported the libraries and nothing of the project, and runs pytest from
its beginning with the other arguments. The first fork changes nothing.
"""

import argparse
import importlib
import json
import os
import sys
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from tests.mutation.forks import allow, noticed_in_a_fork

VARIABLE = "MUTANT_UNDER_TEST"
UNCHANGED_SECONDS = 60.0
"""So long the first run may take, times over."""


def main(mutants: Path, verdicts: Path, arguments: list[str]) -> int:
    """Write a line of JSON for each mutant: its name and its outcome. Return 0 if the first run passed."""
    with tempfile.NamedTemporaryFile("r") as imported:

        def unchanged() -> str:
            failed = _failed("", arguments, UNCHANGED_SECONDS)
            Path(imported.name).write_text("\n".join(sys.modules))
            return failed

        begun = monotonic()
        outcome, _ = noticed_in_a_fork(unchanged)
        seconds = monotonic() - begun
        if outcome != "survived":
            return 1
        ours = {path.stem for path in Path.cwd().iterdir()}
        for name in imported.read().splitlines():
            if name.partition(".")[0] not in ours:
                with suppress(Exception):  # some libraries import a part of theirs in a way of their own
                    importlib.import_module(name)
    with verdicts.open("w") as written:
        for mutant in json.loads(mutants.read_text()):
            outcome, _ = noticed_in_a_fork(partial(_failed, mutant, arguments, seconds))
            written.write(json.dumps([mutant, outcome]) + "\n")
            written.flush()
    return 0


def _failed(mutant: str, arguments: list[str], unchanged_seconds: float) -> str:
    allow(unchanged_seconds)
    os.environ[VARIABLE] = mutant
    return "a test" if pytest.main(["-x", *arguments]) else ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--mutants", type=Path, required=True)
    parser.add_argument("--verdicts", type=Path, required=True)
    given, of_pytest = parser.parse_known_args()
    sys.exit(main(given.mutants, given.verdicts, of_pytest))
