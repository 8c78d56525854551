"""Try whether the tests notice changed rules: `python -m tests.mutation.run [NAME…]`, or `make mutate`.

mutmut changes one operator, number, word or argument of a module at a time, and the tests of that module that
reach the change judge it (`judging.py`). All is done in a copy of this folder, which is deleted at the end.
What became of each survivor is in docs/security/mutation.md.
"""

import argparse
import ast
import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = (
    "hardware",
    "gate_controller",
    "web_admin",
    "head_office",
    "fleet",
    "demo",
    "tests",
    "menjin.py",
    "pyproject.toml",
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "vendor", "bench", "browser", "fuzz", ".hypothesis")
NUMBER = re.compile(r"__mutmut_(\d+|orig)")
"""The end of a function's name for each of its mutants, and for itself."""
SENTENCE = re.compile(r'"[^"]*\w \w[^"]* \w[^"]*"')
"""A text of three words or more."""
MET_BY_NONE = "met by no test"
KILLED, KILLED_ON_POSTGRESQL = "killed", "killed on PostgreSQL"
OUTCOMES = (KILLED, KILLED_ON_POSTGRESQL, "survived", "time-out", MET_BY_NONE)
FINDS_AND_STOPS = """
from hypothesis import Phase, settings

settings.register_profile("mutation", phases=(Phase.explicit, Phase.reuse, Phase.generate), deadline=None)
settings.load_profile("mutation")
"""
"""A property that fails has done its work: the smallest example is of no use here."""


@dataclass(frozen=True)
class Target:
    """A module, the files of tests that hold its rules, and pytest's `-k` for those that are needed."""

    module: str
    tests: tuple[str, ...]
    chosen: str = ""
    properties: bool = True
    """Whether tests over worlds that chance makes up run too: a survivor waits for all of them."""
    made_at_import: tuple[str, ...] = ()
    """The dictionaries, by dialect, that functions of the module make as it or another one is imported, by
    module and name. All is imported before anything is changed, so each mutant makes them again."""
    differs: bool = False
    """Whether PostgreSQL gets other SQL than SQLite: what survives on SQLite is tried once more there."""


TARGETS = {
    "access": Target(
        "gate_controller/rules/access.py",
        (
            "tests/gate_controller/rules/test_access.py",
            "tests/gate_controller/rules/test_access_answers.py",
            "tests/gate_controller/rules/test_access_around.py",
            "tests/gate_controller/rules/test_access_in_hours.py",
            "tests/gate_controller/rules/test_suspended.py",
            "tests/gate_controller/rules/test_second_method.py",
            "tests/gate_controller/rules/test_ways_beside_face.py",
        ),
        chosen="not at_the_gate",
        properties=False,
    ),
    "access_review": Target(
        "web_admin/access_review/rules.py",
        ("tests/web_admin/access_review/test_rules.py",),
    ),
    "acts_for_later": Target(
        "web_admin/later/rules.py",
        ("tests/web_admin/later/test_rules.py",),
    ),
    "attempts": Target(
        "gate_controller/lane/attempts.py",
        ("tests/gate_controller/lane/test_attempts.py",),
    ),
    "calls_to_homes": Target(
        "web_admin/calls/rules.py",
        ("tests/web_admin/calls/test_rules.py",),
    ),
    "calendars": Target(
        "gate_controller/contract/calendars.py",
        ("tests/gate_controller/contract/test_calendars.py",),
    ),
    "credential_kinds": Target(
        "gate_controller/contract/credential_kinds.py",
        (
            "tests/gate_controller/contract/test_credential_kinds.py",
            "tests/gate_controller/rules/test_second_method.py",
        ),
        chosen="not by_texts and not at_the_gate",
    ),
    "lost_readers": Target(
        "gate_controller/rules/lost_readers.py",
        ("tests/gate_controller/rules/test_lost_readers.py",),
    ),
    "passes": Target(
        "gate_controller/contract/passes.py",
        (
            "tests/gate_controller/contract/test_passes.py",
            "tests/gate_controller/contract/test_signed_bytes.py",
        ),
    ),
    "pins": Target(
        "gate_controller/contract/pins.py",
        (
            "tests/gate_controller/contract/test_pins.py",
            "tests/gate_controller/rules/test_identify.py",
        ),
    ),
    "pin_stops": Target(
        "gate_controller/control/pin_stops.py",
        ("tests/gate_controller/control/test_pin_stops.py",),
    ),
    "policy": Target(
        "gate_controller/contract/policy.py",
        (
            "tests/gate_controller/contract/test_policy_indexes.py",
            "tests/gate_controller/contract/test_policy.py",
        ),
    ),
    "sealed_keys": Target(
        "gate_controller/contract/sealed_keys.py",
        (
            "tests/gate_controller/contract/test_sealed_keys.py",
            "tests/gate_controller/contract/test_signed_bytes.py",
        ),
    ),
    "second_method": Target(
        "gate_controller/rules/second_method.py",
        ("tests/gate_controller/rules/test_second_method.py",),
        chosen="not at_the_gate",
    ),
    "ways_beside_face": Target(
        "gate_controller/rules/ways_beside_face.py",
        (
            "tests/gate_controller/rules/test_ways_beside_face.py",
            "tests/gate_controller/rules/test_second_method.py",
        ),
        chosen="not at_the_gate",
    ),
    "signing": Target(
        "gate_controller/contract/signing.py",
        (
            "tests/gate_controller/contract/test_messages.py",
            "tests/gate_controller/contract/test_passes.py",
            "tests/gate_controller/contract/test_signed_bytes.py",
        ),
    ),
    "identify": Target(
        "gate_controller/rules/identify.py",
        ("tests/gate_controller/rules/test_identify.py",),
        chosen="not at_the_gate",
    ),
    "postures": Target(
        "gate_controller/rules/postures.py",
        (
            "tests/gate_controller/rules/test_postures.py",
            "tests/gate_controller/rules/test_access.py",
        ),
        properties=False,
    ),
    "retention": Target(
        "gate_controller/face_control/retention.py",
        ("tests/gate_controller/face_control/test_retention.py",),
    ),
    "child_agreements": Target(
        "web_admin/credentials/child_agreements.py",
        ("tests/web_admin/credentials/test_child_agreement_actions.py",),
    ),
    "consent_rules": Target(
        "web_admin/face/consent_rules.py",
        (
            "tests/web_admin/face/test_guardian_requests.py",
            "tests/web_admin/face/test_restored.py",
            "tests/web_admin/face/test_consent_rules.py",
        ),
    ),
    "limit_counts": Target(
        "web_admin/core/limit_counts.py",
        ("tests/web_admin/core/test_limit_counts.py",),
    ),
    "permissions": Target(
        "web_admin/accounts/permissions.py",
        ("tests/web_admin/accounts/test_permissions.py",),
    ),
    "sign_in_throttle": Target(
        "web_admin/accounts/throttle.py",
        ("tests/web_admin/accounts/test_sign_in_circles.py",),
    ),
    "sign_in_tries": Target(
        "web_admin/web/sign_in_tries.py",
        ("tests/web_admin/web/test_sign_in_tries.py",),
    ),
    "staff_guessing": Target(
        "web_admin/web/staff_guessing.py",
        ("tests/web_admin/web/test_staff_guessing.py",),
    ),
    "sync_requests": Target(
        "web_admin/sync/requests.py",
        ("tests/web_admin/sync/test_requests.py",),
    ),
    "policy_records": Target(
        "web_admin/policy/records.py",
        ("tests/web_admin/policy/test_records.py",),
    ),
    "publish": Target(
        "web_admin/policy/publish.py",
        (
            "tests/web_admin/policy/test_publish.py",
            "tests/web_admin/policy/test_publishing_a_part.py",
            "tests/web_admin/policy/test_publishing_many.py",
            "tests/web_admin/policy/test_effects.py",
            "tests/web_admin/policy/test_emergency_records.py",
            "tests/web_admin/policy/test_sums.py",
        ),
        chosen="not same_policy_as_the_whole",
        properties=False,
    ),
    "policy_sums": Target(
        "web_admin/policy/sums.py",
        ("tests/web_admin/policy/test_sums.py",),
        differs=True,
    ),
    "policy_storing": Target(
        "web_admin/policy/storing.py",
        ("tests/web_admin/policy/test_storing.py",),
        differs=True,
    ),
    "policy_lanes": Target(
        "web_admin/policy/lanes.py",
        ("tests/web_admin/policy/test_lanes.py",),
    ),
    "face_records": Target(
        "web_admin/policy/face_records.py",
        ("tests/web_admin/policy/test_face_records.py",),
    ),
    "face_times": Target(
        "web_admin/policy/face_times.py",
        ("tests/web_admin/policy/test_face_times.py",),
        chosen="not walk_by_minutes",
    ),
    "policy_fitting": Target(
        "web_admin/policy/fitting.py",
        ("tests/web_admin/policy/test_fitting.py",),
    ),
    "credential_actions": Target(
        "web_admin/credentials/actions.py",
        (
            "tests/web_admin/credentials/test_lifecycle.py",
            "tests/web_admin/credentials/test_actions.py",
            "tests/web_admin/credentials/test_ends_taken_back.py",
            "tests/web_admin/credentials/test_suspended_cards.py",
            "tests/web_admin/action/test_suspensions.py",
            "tests/web_admin/action/test_lock_outs.py",
        ),
    ),
    "cards": Target(
        "web_admin/credentials/cards.py",
        (
            "tests/web_admin/credentials/test_cards.py",
            "tests/web_admin/credentials/test_actions.py",
            "tests/web_admin/credentials/test_lifecycle.py",
        ),
    ),
    "issued_pins": Target(
        "web_admin/credentials/pins.py",
        (
            "tests/web_admin/credentials/test_pins.py",
            "tests/web_admin/action/test_phone_verification.py",
            "tests/web_admin/credentials/test_actions.py",
            "tests/web_admin/credentials/test_lifecycle.py",
        ),
    ),
    "phones": Target(
        "web_admin/credentials/phones.py",
        (
            "tests/web_admin/credentials/test_phones.py",
            "tests/web_admin/credentials/test_actions.py",
            "tests/web_admin/credentials/test_lifecycle.py",
        ),
    ),
    "two_methods": Target(
        "web_admin/credentials/two_methods.py",
        ("tests/web_admin/credentials/test_two_methods.py",),
    ),
    "emergency_codes": Target(
        "web_admin/credentials/emergency_codes.py",
        (
            "tests/web_admin/credentials/test_emergency_codes.py",
            "tests/web_admin/policy/test_emergency_records.py",
        ),
    ),
    "lifecycle": Target(
        "web_admin/credentials/lifecycle.py",
        (
            "tests/web_admin/credentials/test_lifecycle.py",
            "tests/web_admin/credentials/test_cards.py",
            "tests/web_admin/credentials/test_pins.py",
            "tests/web_admin/credentials/test_phones.py",
            "tests/web_admin/credentials/test_actions.py",
            "tests/web_admin/credentials/test_ended_credentials.py",
        ),
    ),
    "shares": Target(
        "web_admin/custody/shares.py",
        ("tests/web_admin/custody/test_shares.py",),
        differs=True,
    ),
    "new_receipts": Target(
        "web_admin/gates/new_receipts.py",
        (
            "tests/web_admin/gates/test_new_receipts.py",
            "tests/web_admin/gates/test_check_in_statements.py",
        ),
        chosen="not alone",
        made_at_import=("web_admin.gates.new_receipts._STATEMENTS",),
        differs=True,
    ),
    "check_ins": Target(
        "web_admin/gates/check_ins.py",
        (
            "tests/web_admin/gates/test_check_ins.py",
            "tests/web_admin/gates/test_counted_calls.py",
            "tests/web_admin/gates/test_check_in_statements.py",
        ),
        differs=True,
    ),
    "last_answers": Target(
        "web_admin/gates/last_answers.py",
        (
            "tests/web_admin/sync/test_check_in.py",
            "tests/web_admin/custody/test_leases.py",
            "tests/web_admin/gates/test_last_answers.py",
            "tests/web_admin/gates/test_counted_calls.py",
            "tests/web_admin/gates/test_check_ins.py",
        ),
        chosen="not alone",
        differs=True,
    ),
    "check_in_statements": Target(
        "web_admin/gates/check_in_statements.py",
        (
            "tests/web_admin/sync/test_check_in.py",
            "tests/web_admin/custody/test_leases.py",
            "tests/web_admin/gates/test_last_answers.py",
            "tests/web_admin/gates/test_counted_calls.py",
            "tests/web_admin/gates/test_check_ins.py",
            "tests/web_admin/gates/test_check_in_statements.py",
            "tests/web_admin/gates/test_new_receipts.py",
        ),
        chosen="not alone",
        made_at_import=(
            "web_admin.gates.check_in_statements.STATEMENTS",
            "web_admin.gates.new_receipts._STATEMENTS",
        ),
        differs=True,
    ),
}


def mutate(target: Target, endings: str = "") -> tuple[Counter[str], str]:
    """Try the mutants of one module; return how many came to each outcome, and what of them no test saw.

    `endings`: digits, and of the mutants only those whose number ends with one of them; all without any.
    """
    with tempfile.TemporaryDirectory(prefix="menjin-mutate-") as folder:
        scratch = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, scratch / name, ignore=LEFT_OUT)
            else:
                shutil.copy(ROOT / name, scratch / name)
        (scratch / "conftest.py").write_text(FINDS_AND_STOPS)
        with (scratch / "pyproject.toml").open("a") as file:
            file.write('\n[tool.mutmut]\nsource_paths = ["."]\n')
        with contextlib.chdir(scratch):  # mutmut looks for its settings there
            mutants = write_mutants(Path(target.module))
        names = [name for name in mutants if name.endswith(tuple(endings) or "")]
        outcomes = dict.fromkeys(names, MET_BY_NONE)
        for database in ("sqlite", "postgresql") if target.differs else ("sqlite",):
            left = [name for name, outcome in outcomes.items() if outcome != KILLED]
            judged = _judged(scratch, target, {name: mutants[name].lines for name in left}, database)
            outcomes |= {name: outcome for name, outcome in judged.items() if outcome != MET_BY_NONE}
    unseen = [
        f"# {name}: {outcome}\n{mutants[name].change}"
        for name, outcome in outcomes.items()
        if outcome not in (KILLED, KILLED_ON_POSTGRESQL)
    ]
    return Counter(outcomes.values()), "\n".join(unseen)


@dataclass(frozen=True)
class Mutant:
    """A change of a mutant: first and last line of its statement in the written module."""

    change: str
    lines: tuple[int, int]


def write_mutants(module: Path) -> dict[str, Mutant]:
    """Write a module with all its mutants in place of it; return them by name."""
    from mutmut.mutation.file_mutation import mutate_file_contents  # only `make mutate` installs it

    mutated = mutate_file_contents(str(module), module.read_text())
    module.write_text(mutated.code)
    lines = mutated.code.splitlines()
    functions = {
        node.name: node for node in ast.walk(ast.parse(mutated.code)) if isinstance(node, ast.FunctionDef)
    }

    def text_of(function: ast.FunctionDef) -> list[str]:
        return [NUMBER.sub("", line) for line in lines[function.lineno - 1 : function.end_lineno]]

    dotted = ".".join(module.with_suffix("").parts)
    mutants = {}
    for name in mutated.mutant_names:
        original = functions[f"{name.rpartition('_')[0]}_orig"]
        before, after = text_of(original), text_of(functions[name])
        if changes_a_sentence(before, after):
            continue
        change = "\n".join(unified_diff(before, after, n=1, lineterm=""))
        first = next(
            (at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), 0
        )
        mutants[f"{dotted}.{name}"] = Mutant(change, statement_at(original, original.lineno + first))
    return mutants


def changes_a_sentence(before: list[str], after: list[str]) -> bool:
    """Return whether a mutant differs in words for people alone, which may change: they are not tested."""

    def bare(lines: list[str]) -> str:
        return "\n".join(lines).replace("XX", "").lower()

    changed = [one for one, other in zip(before, after, strict=False) if one != other]
    return bare(before) == bare(after) and all(SENTENCE.search(line) for line in changed)


def statement_at(function: ast.FunctionDef, line: int) -> tuple[int, int]:
    """Return the first and last line of the innermost statement there, of one that has others of its head."""
    around = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    inner = min(around, key=lambda node: (node.end_lineno or 0) - node.lineno)
    last = inner.end_lineno or inner.lineno
    inside: list[ast.stmt] = getattr(inner, "body", [])
    if inner is not function and inside and line < inside[0].lineno:
        last = inside[0].lineno - 1
    return inner.lineno, last


def _judged(
    scratch: Path, target: Target, these: dict[str, tuple[int, int]], database: str
) -> dict[str, str]:
    """Return what became of each of these mutants; raise RuntimeError where the run ended before."""
    if not these:
        return {}
    mutants, verdicts = scratch / "mutants.json", scratch / "verdicts.jsonl"
    mutants.write_text(json.dumps(these))
    verdicts.unlink(missing_ok=True)
    files = [f"--mutants={mutants}", f"--verdicts={verdicts}"]
    files += [f"--dialect={database}", *(f"--made-at-import={name}" for name in target.made_at_import)]
    on = "postgresql" if database == "postgresql" else "not postgresql"  # and what asks no database
    picked = ["-k", f"{on} and {target.chosen}" if target.chosen else on]
    if not target.properties:
        picked += ["-m", "not hypothesis"]
    # What a test that failed leaves on the disk would add up.
    kept = [f"--basetemp={scratch}/kept", "-o", "tmp_path_retention_policy=none"]
    options = ["-q", "--tb=native", "-p", "tests.mutation.judging", "-p", "no:cacheprovider", "--part", "all"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.mutation.judging",
            *files,
            *options,
            *kept,
            *picked,
            *target.tests,
        ],
        cwd=scratch,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    lines = verdicts.read_text().splitlines() if verdicts.exists() else []
    outcomes = dict(json.loads(line) for line in lines)
    if len(outcomes) != len(these):
        raise RuntimeError(f"{target.module}: its tests ended early:\n{done.stdout[-4000:]}")
    on_postgresql = {KILLED: KILLED_ON_POSTGRESQL} if database == "postgresql" else {}
    return {name: on_postgresql.get(outcome, outcome) for name, outcome in outcomes.items()}


def main() -> int:
    """Mutate the named modules, or all; print each one's figures and the changes that no test noticed."""
    parser = argparse.ArgumentParser(description="Try whether the tests notice changed rules.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(TARGETS)}; without any: all")
    parser.add_argument(
        "--endings",
        metavar="DIGITS",
        default="",
        help="try only mutants whose number ends with one of these digits: 05 is a fifth",
    )
    arguments = parser.parse_args()
    names = arguments.names or sorted(TARGETS)
    if unknown := sorted(set(names) - set(TARGETS)):
        parser.error(f"no target is called {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    for name in names:
        counts, changes = mutate(TARGETS[name], arguments.endings)
        figures = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)
        print(f"{name}: {counts.total()} mutants: {figures}", flush=True)
        print(changes, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
