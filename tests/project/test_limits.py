"""The table of the server's limits: every row's place and test exist, and no limit is outside the table."""

import ast
import importlib
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.source import tree_of
from web_admin.core import limits
from web_admin.core.limits import LIMITS, Limit, markdown_row

ROOT = Path(__file__).resolve().parents[2]
A_LIMIT = re.compile(
    r"_?(LONGEST_\w+|MAX_AHEAD"
    r"|MAX_\w*(BYTES|BODY|OPEN|LIVE_\w+|TRIES|ASKED|BATCH|WAITING|CHANGES|CONNECTIONS|COUNTS_KEPT|ENTRIES"
    r"|EVENTS|A_HOME|A_GATE|RINGING|SHOWN)"
    r"|\w+_(LIMIT|TRIES|FAILURES|BODY|TIMEOUT\w*|AT_MOST|A_DAY|A_MINUTE))"
)
"""What a constant that limits a person or a client is called here."""

OTHERS = {
    # How much a compound may have, or an act may choose: refused beside the field, and rare.
    "web_admin/accounts/api_keys.py::MAX_LIVE_KEYS",
    "web_admin/face/assessments.py::LONGEST_REVIEW",
    "web_admin/credentials/emergency_codes.py::MAX_LIVE_CODES",
    "web_admin/people/members.py::MAX_IN_A_HOME",
    "web_admin/gates/schedules.py::MAX_CHANGES",
    "web_admin/restore/actions.py::LONGEST_PASS",
    "web_admin/privacy/requests.py::MAX_OPEN",
    "web_admin/visitors/actions.py::MAX_LIVE_CODES",
    "web_admin/face/ages.py::LONGEST_YEARS",
    "web_admin/people/phone_verification.py::MAX_VERIFICATIONS_ASKED",
    # How long a call rings and lasts is a rule of calls, as is how many numbers a manager lists.
    "web_admin/calls/rules.py::LONGEST_RINGING_SECONDS",
    "web_admin/calls/rules.py::LONGEST_TALK_SECONDS",
    # What is shown, and figures that limit no person or client.
    "web_admin/events/quarantine.py::MAX_SHOWN",
    "web_admin/manage/events.py::SUGGESTIONS_AT_MOST",
    "web_admin/manage/gate_lists.py::BUILDINGS_AT_MOST",
    "web_admin/manage/gate_lists.py::LINES_AT_MOST",
    "web_admin/manage/gate_lists.py::TILES_AT_MOST",
    "web_admin/manage/try_it.py::FOUND_AT_MOST",
    "web_admin/face/engine.py::ALONE_AT_MOST",
    "web_admin/alarms/queries.py::SHOWN_AT_MOST",
    "web_admin/gates/guard_calls.py::SHOWN_AT_MOST",
    "web_admin/credentials/two_methods.py::MINUTES_A_DAY",
    "web_admin/api/schemas.py::PAGE_LIMIT",
    "web_admin/web/sign_in_tries.py::RUN_OF_FAILURES",
    # How long a suspension lasts is a rule of the act, not of the server.
    "web_admin/action/suspension_reasons.py::LONGEST_ALONE",
    # Within a body that the table bounds, or a file of the operator's.
    "web_admin/events/entry_reading.py::MAX_ENTRIES",
    "web_admin/events/entry_reading.py::MAX_IN_A_BATCH",
    "web_admin/events/quarantine.py::MAX_KEPT_BYTES",
    "web_admin/operations/backup.py::MAX_FRAME_BYTES",
    "web_admin/cells/transfer_archive.py::MAX_MANIFEST_BYTES",
    "web_admin/accounts/passkeys.py::MAX_KEY_BYTES",
    "web_admin/core/csv_text.py::MAX_BYTES",
    "web_admin/core/workbook.py::MAX_UNPACKED_BYTES",
    "web_admin/sync/check_in.py::MAX_EVENTS",
    # What the server itself waits for, or has open; threads and time-outs bound it.
    "web_admin/core/database.py::MAX_CONNECTIONS",
    "web_admin/serving/buffering_server.py::MAX_ANSWER_BYTES_WAITING",
    "web_admin/core/database.py::BUSY_TIMEOUT_MS",
    "web_admin/serving/workers.py::LONGEST_REQUEST_SECONDS",
    "web_admin/core/bell.py::LONGEST_WAIT_SECONDS",
    "web_admin/core/bell_presence.py::LONGEST_WORD",
    # Made of rows of the table.
    "web_admin/accounts/throttle.py::LONGEST_WAIT",
    # Bodies of gates, which sign them: their tests are in test_sync_api.py.
    *(f"web_admin/sync/routes.py::{name}_BODY" for name in ("SMALL", "TOMBSTONES")),
    "web_admin/sync/calls.py::CALL_BODY",
    "web_admin/sync/check_in.py::ASK_BODY",
    "web_admin/sync/site_facts.py::SMALL_BODY",
}
"""Constants with such a name that are not limits of the server, and why."""


OF_CONSTANTS = limits.CONSTANTS + limits.CONNECTIONS
LIMITS_ALONE = ("web_admin/serving/connection_limits.py",)
"""Modules of which every number is a limit, whatever its name."""
NO_LIMITS = {"SLOWEST_BYTES_PER_SECOND", "SYNC_THREADS", "IDLE_SECONDS"}
"""Numbers there that are part of others or add capacity, and how long a connection that asks nothing is kept:
it takes no thread, counts for its address, and no test waits as long."""


def constants() -> list[str]:
    """Return every module's constants whose names say that they limit something."""
    found = []
    for path in sorted((ROOT / "web_admin").rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        names = {name for statement in tree_of(path).body for name in _assigned(statement)}
        wanted = names - NO_LIMITS if where in LIMITS_ALONE else filter(A_LIMIT.fullmatch, names)
        found += [f"{where}::{name}" for name in sorted(wanted)]
    return found


def _assigned(statement: ast.stmt) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def names_in(path: str) -> set[str]:
    """Return what a file defines at its top: functions, classes and constants."""
    body = tree_of(ROOT / path).body
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return defined.union(*(_assigned(statement) for statement in body))


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_the_place_and_the_test_of_every_limit_exist(limit: Limit) -> None:
    for place in (limit.enforced_at, limit.shown_by):
        path, _colons, name = place.partition("::")
        assert name in names_in(path), f"{limit.name}: there is no {place}"


@pytest.mark.parametrize("limit", limits.COUNTED, ids=lambda limit: limit.name)
def test_a_counted_limit_is_counted_where_the_table_says(limit: Limit) -> None:
    path = limit.enforced_at.partition("::")[0]
    (name,) = [name for name, value in vars(limits).items() if value is limit]
    assert name in (ROOT / path).read_text(encoding="utf-8"), f"{path} does not count {name}"


@pytest.mark.parametrize("limit", OF_CONSTANTS, ids=lambda limit: limit.name)
def test_a_row_repeats_the_value_that_is_enforced(limit: Limit) -> None:
    path, _colons, name = limit.enforced_at.partition("::")
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    value = getattr(importlib.import_module(module), name)
    in_seconds = value.total_seconds() if isinstance(value, timedelta) else value
    assert in_seconds == limit.most, f"{limit.enforced_at} is {value}, the table says {limit.most}"


def test_no_limit_is_enforced_that_is_not_in_the_table() -> None:
    in_table = {limit.enforced_at for limit in OF_CONSTANTS}
    missing = [one for one in constants() if one not in in_table | OTHERS]
    assert not missing, f"add a row to core/limits.py, or say in OTHERS why it is no limit: {missing}"
    assert set(constants()) >= OTHERS


def test_limits_are_made_in_the_table_alone() -> None:
    sources = [path for path in (ROOT / "web_admin").rglob("*.py") if not path.match("core/limits.py")]
    made = [
        path.name
        for path in sources
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Limit"
    ]
    assert made == []


def test_the_page_of_limits_has_every_row_and_no_other() -> None:
    page = (ROOT / "docs/limits.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in page if line.startswith("| `")]
    assert rows == [markdown_row(limit) for limit in LIMITS], "\n".join(map(markdown_row, LIMITS))
