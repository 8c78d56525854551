"""`menjin web audit-verify` names what is missing or changed of the records of a server that runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Delete, Update, delete, insert, select, update

import menjin
from tests.served.served_compound import ServedCompound
from tests.served.signed_gate import signed_gate
from tests.support.warm_start import WarmProcess
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.journal.models import AuditEntry, GateEvent, LedgerEnd

ENTRIES = 5


@contextmanager
def connected(served: ServedCompound) -> Iterator[Connection]:
    with served.compound.app.app_context(), current_menjin().database.engine.begin() as connection:
        yield connection


@contextmanager
def tampered(
    served: ServedCompound, table: type[AuditEntry | GateEvent], edit: Delete | Update
) -> Iterator[None]:
    """Change a table past the server, and put back what it had when the block ends."""
    with connected(served) as connection:
        before = [dict(row) for row in connection.execute(select(table.__table__)).mappings()]
        assert connection.execute(edit).rowcount > 0
    yield
    with connected(served) as connection:
        connection.execute(delete(table))
        connection.execute(insert(table.__table__), before)


def verified(config: WebConfig) -> tuple[int, str]:
    """Return the exit code of the command and what it printed."""
    said = config.data_dir / "verified.txt"
    arguments = ["web", "audit-verify", "--data-dir", str(config.data_dir)]
    command = WarmProcess(menjin.main, arguments, output=said)
    return command.wait(timeout=120), said.read_text(encoding="utf-8")


@pytest.fixture
def last(served: ServedCompound) -> int:
    """Return the number of the ledger's last entry; a gate has sent its journal, which was countersigned."""
    with connected(served) as connection:  # the played passages of the compound are of no chain
        connection.execute(delete(GateEvent))
    gate = signed_gate(served)
    for number in range(ENTRIES):
        gate.writes("started", {"number": number}, {})
    assert b'"countersigned":{' in gate.sends().content
    with connected(served) as connection:
        return int(connection.execute(select(LedgerEnd.seq)).scalar_one())


def test_the_command_names_what_was_cut_off_deleted_or_changed(
    served: ServedCompound, web_config: WebConfig, last: int
) -> None:
    assert verified(web_config)[0] == 0
    ledger, journal, gate = AuditEntry, GateEvent, "gate north, journal north.1: "
    changed, facts = last // 2, {"who": "another"}
    cases = {
        f"entries {last - 1} to {last} of the ledger are missing at its end": (
            ledger,
            delete(ledger).where(ledger.seq >= last - 1),
        ),
        f"entries 1 to {last} of the ledger are missing at its end": (ledger, delete(ledger)),
        f"entry {changed + 1}": (ledger, delete(ledger).where(ledger.seq == changed)),
        f"entry {changed} ": (ledger, update(ledger).where(ledger.seq == changed).values(facts=facts)),
        f"{gate}entries {ENTRIES} to {ENTRIES} are missing": (
            journal,
            delete(journal).where(journal.seq == ENTRIES),
        ),
        f"{gate}entries 1 to {ENTRIES} are missing": (journal, delete(journal)),
        f"{gate}entries 2 to 2 are missing": (journal, delete(journal).where(journal.seq == 2)),
        f"{gate}entry 2 ": (journal, update(journal).where(journal.seq == 2).values(facts=facts)),
    }
    for sentence, (table, edit) in cases.items():
        with tampered(served, table, edit):
            code, said = verified(web_config)
        assert code == 1, (sentence, said)
        assert said.startswith(f"BROKEN: {sentence}"), said
    assert verified(web_config)[0] == 0
