"""Try whether the tests notice changed rules: `python -m tests.mutation.run [NAME…]`, or `make mutate`.

mutmut changes one operator, number, word or argument of a module at a time, and runs the tests of that module
that reach the change. It works on a copy of this folder, which is deleted at the end. What became of each
survivor is in docs/security/mutation.md.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("hardware", "gate_controller", "web_admin", "demo", "tests", "menjin.py", "pyproject.toml")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "vendor", "bench", "browser", "fuzz", ".hypothesis")
OUTCOMES = {"killed": "killed", "survived": "survived", "timeout": "time-out", "no tests": "met by no test"}
FINDS_AND_STOPS = """
from hypothesis import Phase, settings

settings.register_profile("mutation", phases=(Phase.explicit, Phase.reuse, Phase.generate), deadline=None)
settings.load_profile("mutation")
"""
"""A property that fails has done its work: the smallest example is of no use here."""
GATE_TESTS, WEB_TESTS = "tests/unit/gate_controller", "tests/unit/web_admin"


@dataclass(frozen=True)
class Target:
    """A module, the files of tests that hold its rules, and pytest's `-k` for those that are needed."""

    module: str
    tests: tuple[str, ...]
    chosen: str = ""
    properties: bool = True
    """Whether tests over worlds that chance makes up run too: a survivor waits for all of them."""


def _gate(name: str, *tests: str, chosen: str = "", properties: bool = True) -> Target:
    paths = tuple(f"{GATE_TESTS}/test_{test}.py" for test in tests or (name,))
    return Target(f"gate_controller/{name}.py", paths, chosen, properties)


def _web(name: str, *tests: str, chosen: str = "not postgresql") -> Target:
    paths = tuple(f"{WEB_TESTS}/test_{test}.py" for test in tests or (name,))
    return Target(f"web_admin/{name}.py", paths, chosen)


TARGETS = {
    "access": _gate("access", "access", "access_answers", "access_around", properties=False),
    "attempts": _gate("attempts"),
    "calendars": _gate("calendars"),
    "passes": _gate("passes", "passes", "signed_bytes"),
    "pins": _gate("pins", "pins", "identify"),
    "pin_stops": _gate("pin_stops"),
    "policy": _gate("policy", "policy_indexes", "policy"),
    "sealed_keys": _gate("sealed_keys", "sealed_keys", "signed_bytes"),
    "second_method": _gate("second_method", chosen="not at_the_gate"),
    "signing": _gate("signing", "signed_bytes", "passes"),
    "child_agreements": _web("child_agreements", "child_agreement_acts"),
    "consent_rules": _web("consent_rules"),
    "limit_counts": _web("limit_counts", "sign_in_throttle"),
    "permissions": _web("permissions"),
    "sign_in_throttle": _web("sign_in_throttle", "sign_in_circles"),
    "sign_in_tries": _web("sign_in_tries"),
    "staff_guessing": _web("staff_guessing", "sign_in_pages"),
    "sync_requests": _web("sync_requests"),
}


def mutate(target: Target) -> tuple[Counter[str], str]:
    """Try all mutants of one module; return how many came to each outcome, and what of them no test saw."""
    with tempfile.TemporaryDirectory(prefix="menjin-mutate-") as folder:
        scratch = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, scratch / name, ignore=LEFT_OUT)
            else:
                shutil.copy(ROOT / name, scratch / name)
        (scratch / "conftest.py").write_text(FINDS_AND_STOPS)
        with (scratch / "pyproject.toml").open("a") as file:
            file.write(_settings(target))
        done = _mutmut(scratch, "run", "--max-children", "1")
        outcomes = _outcomes(scratch) if done.returncode == 0 else {}
        if not outcomes or None in outcomes.values():
            raise RuntimeError(f"{target.module}: mutmut ended early:\n{done.stdout[-4000:]}")
        lines = [
            _mutmut(scratch, "show", name).stdout
            for name, outcome in sorted(outcomes.items())
            if outcome != "killed"
        ]
    return Counter(str(outcome) for outcome in outcomes.values()), "\n".join(lines)


def _settings(target: Target) -> str:
    package = target.module.split("/", maxsplit=1)[0]
    picked = ["-k", target.chosen] if target.chosen else []
    if not target.properties:
        picked += ["-m", "not hypothesis"]
    settings = {
        "source_paths": [package],
        "only_mutate": [target.module],
        "timeout_constant": 4.0,  # seconds, fifteenfold: a busy machine takes long to start pytest
        "also_copy": ["conftest.py", *(name for name in COPIED if name != package)],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", *picked],
        "pytest_add_cli_args_test_selection": list(target.tests),
    }
    # A list or a string of JSON is one of TOML.
    return "\n[tool.mutmut]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())


def _outcomes(scratch: Path) -> dict[str, str | None]:
    """Return what became of each mutant; None where the run ended before."""
    listed = _mutmut(scratch, "results", "--all", "true").stdout.splitlines()
    named = (line.strip().rpartition(": ") for line in listed if "__mutmut_" in line)
    return {name: OUTCOMES.get(outcome) for name, _, outcome in named}


def _mutmut(scratch: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("mutmut")), *arguments],
        cwd=scratch,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )


def main() -> int:
    """Mutate the named modules, or all; print each one's figures and the changes that no test noticed."""
    parser = argparse.ArgumentParser(description="Try whether the tests notice changed rules.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(TARGETS)}; without any: all")
    names = parser.parse_args().names or sorted(TARGETS)
    if unknown := sorted(set(names) - set(TARGETS)):
        parser.error(f"no target is called {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    for name in names:
        counts, changes = mutate(TARGETS[name])
        figures = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES.values())
        print(f"{name}: {counts.total()} mutants: {figures}", flush=True)
        print(changes, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
