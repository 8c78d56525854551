"""The server has one scheduler: nothing else of it runs by time in a thread of its own."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVER = sorted((ROOT / "web_admin").rglob("*.py"))

THREADS = {
    "web_admin/serving/installation.py": "those of the scheduler, which runs every periodic job",
    "web_admin/core/bell.py": "listens to a broker, and rings what commits hand it",
    "web_admin/cells/cell.py": "ends the bell of a cell that was closed",
    "web_admin/messages/webhook_delivery.py": "cuts one call that takes too long",
    "web_admin/operations/jobs.py": "does one long job, which a request began",
    "web_admin/operations/readiness.py": "looks once, since a monitor asks",
}
"""Every module that starts a thread, and what for."""

SCHEDULERS = {"web_admin/serving/installation.py"}


def modules_with(pattern: str) -> set[str]:
    """Return the server's modules whose source has something."""
    wanted = re.compile(pattern)
    return {str(path.relative_to(ROOT)) for path in SERVER if wanted.search(path.read_text(encoding="utf-8"))}


def test_each_thread_of_the_server_is_listed_with_what_it_is_for() -> None:
    assert modules_with(r"\b(Thread|Timer|ThreadPoolExecutor)\(") == set(THREADS)


def test_the_server_has_one_scheduler_and_jobs_are_added_by_its_list() -> None:
    assert modules_with(r"\bScheduler\(\n") == SCHEDULERS
    of_jobs = {"web_admin/cells/periodic_jobs.py", "web_admin/serving/installation.py"}
    assert modules_with(r"scheduler\.add\(") == of_jobs
