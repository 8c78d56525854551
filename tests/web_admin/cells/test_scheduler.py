"""Jobs are run in turn; what hangs holds up no other, and what fails is logged once and tried again."""

import threading
from collections.abc import Iterator

import pytest

from tests.support.scheduling import make_scheduler
from web_admin.cells.scheduler import NOT_DONE, Failures, JobRefused, Scheduler

LONGEST_SECONDS = 60.0


@pytest.fixture
def hang() -> Iterator[threading.Event]:
    """Return what lets hanging jobs end."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def scheduler(hang: threading.Event) -> Iterator[Scheduler]:
    """Return two threads that wait a tenth of a second for a job before another takes its place."""
    made = make_scheduler(threads=2, patience_seconds=0.1)
    made.start()
    yield made
    hang.set()
    made.stop(LONGEST_SECONDS)


def test_jobs_that_hang_hold_up_no_other(scheduler, hang):
    done = threading.Event()
    for number in range(6):
        scheduler.add((f"cell-{number}", "mail"), lambda: hang.wait(LONGEST_SECONDS) and None)
    scheduler.add(("cell-7", "mail"), done.set)
    assert done.wait(LONGEST_SECONDS)
    assert {name for name, _what in scheduler.hanging()} <= {f"cell-{number}" for number in range(6)}


def test_a_thread_that_the_system_refuses_is_asked_for_again(hang, caplog, monkeypatch):
    monkeypatch.setattr("web_admin.cells.scheduler.MINDED_EVERY_SECONDS", 0.02)
    refusals = iter([RuntimeError("can't start new thread")] * 3)
    started = []

    def start_thread(name, work):
        error = next(refusals, None) if len(started) == 3 else None  # two that work, and the minder
        if error is not None:
            raise error
        started.append(threading.Thread(target=work, name=name, daemon=True))
        started[-1].start()

    scheduler = make_scheduler(threads=2, patience_seconds=0.1, start_thread=start_thread)
    scheduler.start()
    done = threading.Event()
    for number in range(2):
        scheduler.add((f"cell-{number}", "mail"), lambda: hang.wait(LONGEST_SECONDS) and None)
    scheduler.add(("cell-2", "mail"), done.set)
    assert done.wait(LONGEST_SECONDS)
    assert next(refusals, None) is None, "it was refused"
    hang.set()
    scheduler.stop(LONGEST_SECONDS)
    for thread in started:
        thread.join(LONGEST_SECONDS)
    assert scheduler._alive == 0
    assert [line.getMessage().partition(";")[0] for line in caplog.records] == [
        "no thread could take the place of one that hangs",
        "scheduler-minder works again",
    ]


def test_threads_that_no_job_wants_say_nothing_of_one_that_was_refused():
    scheduler = make_scheduler(threads=1, start_thread=lambda _name, _work: None)
    assert scheduler._start_wanted() is None
    assert scheduler._start_wanted() is NOT_DONE


def test_a_job_that_fails_is_logged_with_its_cell_and_stops_no_other(scheduler, caplog):
    def fail():
        raise ValueError

    done = threading.Event()
    scheduler.add(("willow", "watch"), fail)
    scheduler.add(("elm", "watch"), done.set)
    assert done.wait(LONGEST_SECONDS)
    scheduler.stop(LONGEST_SECONDS)
    assert "watch of cell willow failed" in caplog.text


def test_a_job_that_fails_is_tried_again_and_logged_once_until_it_works(scheduler, caplog):
    errors = iter([ValueError(), ValueError(), OSError()])
    worked = threading.Event()

    def run():
        error = next(errors, None)
        if error is not None:
            raise error
        worked.set()

    scheduler.add(("", "machine"), run, after_a_fault_seconds=0.0)
    assert worked.wait(LONGEST_SECONDS)
    scheduler.stop(LONGEST_SECONDS)
    assert [line.getMessage().partition(";")[0] for line in caplog.records] == [
        "machine failed",
        "machine failed",
        "machine works again",
    ]
    assert [line.exc_info and line.exc_info[0] for line in caplog.records] == [ValueError, OSError, None]


def test_a_job_that_is_refused_is_logged_in_its_own_words_without_a_trace(caplog):
    def refuse():
        raise JobRefused("this machine must not go on")

    failures = Failures()
    for _time in range(2):
        assert failures.tried(("", "machine"), "it could not be done", refuse, "later") == "later"
    assert [(line.getMessage(), line.exc_info) for line in caplog.records] == [
        ("this machine must not go on", None)
    ]


def test_a_job_comes_again_after_the_seconds_it_asked_for_and_never_after_none(scheduler):
    seen, twice = [], threading.Event()

    def again():
        seen.append("again")
        if len(seen) == 3:
            twice.set()
            return None
        return 0.0

    scheduler.add(("willow", "watch"), again)
    assert twice.wait(LONGEST_SECONDS)
    scheduler.stop(LONGEST_SECONDS)
    assert seen == ["again"] * 3


def test_a_job_of_a_cell_that_is_gone_has_no_further_run(scheduler):
    began, goes_on = threading.Event(), threading.Event()
    count = []

    def run():
        count.append(1)
        began.set()
        goes_on.wait(LONGEST_SECONDS)
        return 0.0

    scheduler.add(("willow", "watch"), run)
    assert began.wait(LONGEST_SECONDS)
    scheduler.remove(lambda key: key[0] == "willow")
    goes_on.set()
    scheduler.stop(LONGEST_SECONDS)
    assert len(count) == 1


def test_a_job_that_is_added_while_its_last_run_goes_on_has_one_more(scheduler):
    began, goes_on, second = threading.Event(), threading.Event(), threading.Event()

    def run():
        if began.is_set():
            second.set()
        began.set()
        goes_on.wait(LONGEST_SECONDS)

    scheduler.add(("willow", "live"), run)
    assert began.wait(LONGEST_SECONDS)
    scheduler.add(("willow", "live"), run)
    goes_on.set()
    assert second.wait(LONGEST_SECONDS)


def test_a_job_that_is_wanted_soon_runs_now_and_not_again_at_its_earlier_time():
    scheduler = make_scheduler(monotonic=lambda: 0.0, threads=1)
    scheduler._alive = 1  # this one
    scheduler.add(("willow", "later"), lambda: None, 30.0)
    scheduler.soon(("willow", "later"))
    scheduler.soon(("elm", "later"))  # there is none
    job = scheduler._next()
    with scheduler._changed:
        scheduler._put(job, 60.0)  # as after its run
        scheduler._leave_out()
    assert [at for at, _number, _job in scheduler._due] == [60.0]


def test_a_job_that_is_wanted_soon_during_its_run_has_one_more(scheduler):
    began, goes_on, second = threading.Event(), threading.Event(), threading.Event()

    def run():
        if began.is_set():
            second.set()
        began.set()
        goes_on.wait(LONGEST_SECONDS)
        return LONGEST_SECONDS * 2

    scheduler.add(("willow", "later"), run)
    assert began.wait(LONGEST_SECONDS)
    scheduler.soon(("willow", "later"))
    goes_on.set()
    assert second.wait(LONGEST_SECONDS)


def test_a_stop_waits_for_the_run_that_goes_on(scheduler):
    began, goes_on, ended = threading.Event(), threading.Event(), []

    def run():
        began.set()
        goes_on.wait(LONGEST_SECONDS)
        ended.append("the run")

    def stop():
        scheduler.stop(LONGEST_SECONDS)
        ended.append("the scheduler")

    scheduler.add(("", "housekeeping"), run)
    assert began.wait(LONGEST_SECONDS)
    stopping = threading.Thread(target=stop)
    stopping.start()
    goes_on.set()
    stopping.join(LONGEST_SECONDS)
    assert ended == ["the run", "the scheduler"]


def test_a_stop_waits_no_longer_than_it_is_given_for_a_run_that_hangs(scheduler, hang):
    began = threading.Event()

    def run():
        began.set()
        hang.wait(LONGEST_SECONDS)

    scheduler.add(("", "outbox-webhook"), run)
    assert began.wait(LONGEST_SECONDS)
    scheduler.stop(0.05)
    assert not hang.is_set(), "it still hangs"
