"""What is done without a request: by one process at a time, again after a fault, at once for one compound."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from tests.support.gates.waiting import until
from tests.support.scheduling import OpenCell, jobs_on, make_scheduler
from tests.support.statements import statements_of
from tests.web_admin.cells.jobs_of_cells import marked_at
from web_admin.action.base import new_action
from web_admin.cells import periodic_jobs
from web_admin.cells.periodic_jobs import AGAIN_SECONDS, OUTBOX
from web_admin.cells.scheduler import AFTER_A_FAULT_SECONDS
from web_admin.cells.trouble import CellOut, Kind, Trouble
from web_admin.core.database import Menjin
from web_admin.core.single_process import alone
from web_admin.custody.machine_keys import MachineRefused
from web_admin.later.acts import Sent, plan_act
from web_admin.manage.live import live_watch
from web_admin.messages import delivery, outbox
from web_admin.operations import housekeeping, later_runs, machines
from web_admin.policy.effects import PolicyEffects
from web_admin.resident.call_stream import call_watch
from web_admin.serving.installation import THREADS_OF_ONE


@pytest.fixture
def menjin(web_config, database, sealer, site, clock):
    web_config.secrets_dir.mkdir()
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


@pytest.fixture
def cell(menjin):
    return OpenCell(menjin)


def app_of(menjin):
    app = Flask("no pages")
    app.extensions["menjin"] = menjin
    return app


@pytest.fixture
def jobs():
    return jobs_on(make_scheduler())


def test_housekeeping_goes_on_after_a_database_that_was_away(jobs, cell, menjin, monkeypatch, caplog):
    with monkeypatch.context() as away:
        away.setattr(housekeeping, "run", lambda *_given: raise_it(OperationalError("", {}, OSError())))
        assert [jobs._always(cell) for _time in range(3)] == [600.0] * 3
    assert marked_at(menjin) is None
    assert jobs._always(cell) == 600.0
    assert marked_at(menjin) == menjin.clock()
    said = [line.getMessage().partition(";")[0] for line in caplog.records]
    assert said == ["housekeeping could not run", "housekeeping works again"]


def test_a_job_that_another_process_does_says_nothing_of_a_failure_before(
    jobs, cell, menjin, monkeypatch, caplog
):
    with monkeypatch.context() as away:
        away.setattr(housekeeping, "run", lambda *_given: raise_it(OperationalError("", {}, OSError())))
        jobs._always(cell)
        with alone(menjin.config.data_dir, "housekeeping"):
            jobs._always(cell)
        jobs._always(cell)
    said = [line.getMessage().partition(";")[0] for line in caplog.records]
    assert said == ["housekeeping could not run"]


def test_a_page_that_closes_says_nothing_of_looks_that_failed(cell, menjin, monkeypatch, caplog):
    monkeypatch.setattr(periodic_jobs, "mark_of", lambda _menjin: raise_it(OSError()))
    monkeypatch.setattr(periodic_jobs, "LOOK_EVERY_SECONDS", 0.01)
    scheduler, app = make_scheduler(), app_of(menjin)
    jobs_on(scheduler).prepare(cell, app)
    scheduler.start()
    watch = live_watch(app)
    listener = watch.join("browser")
    until(lambda: caplog.records)
    watch.leave(listener)
    until(lambda: not scheduler._jobs)
    scheduler.stop()
    assert [line.getMessage().partition(";")[0] for line in caplog.records] == ["live 1 failed"]
    assert scheduler.failures._known == {}


def raise_it(error):
    raise error


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_machine_that_is_a_copy_says_so_once_without_a_trace(jobs, cell, monkeypatch, caplog):
    refused = MachineRefused("a copy of the secrets of %(name)s was started elsewhere", name="web1")
    monkeypatch.setattr(machines, "beat", lambda *_given: raise_it(refused))
    for _time in range(2):
        assert jobs._say_that_it_runs(cell) == machines.EVERY_SECONDS
    assert [(line.getMessage(), line.exc_info) for line in caplog.records] == [
        ("this machine must not go on: a copy of the secrets of web1 was started elsewhere", None)
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_of_one_machine_has_none_that_says_that_it_runs(jobs, cell, monkeypatch):
    monkeypatch.setattr(machines, "beat", lambda *_given: raise_it(AssertionError("it was asked")))
    assert jobs._say_that_it_runs(cell) == machines.EVERY_SECONDS


def test_a_delivery_that_fails_waits_before_it_is_tried_again(cell, monkeypatch):
    scheduler = make_scheduler(monotonic=lambda: 0.0)
    monkeypatch.setattr(delivery, "due_channels", lambda _menjin: list(outbox.CHANNELS))
    jobs_on(scheduler)._look_for_messages(cell)
    pauses = {one.key[1]: one.after_a_fault_seconds for _at, _number, one in scheduler._due}
    assert pauses == {f"outbox-{channel}": AFTER_A_FAULT_SECONDS for channel in outbox.CHANNELS}


def test_a_failed_look_for_messages_works_again_only_once_it_was_done(cell, monkeypatch, caplog):
    jobs = jobs_on(make_scheduler())
    with monkeypatch.context() as away:
        away.setattr(delivery, "due_channels", lambda _menjin: raise_it(OSError()))
        assert jobs._look_for_messages(cell) == delivery.LOOK_EVERY_SECONDS
    with monkeypatch.context() as out:
        out.setattr(cell, "at_work", lambda: raise_it(CellOut(Trouble(Kind.FAULT, "out", "here", "wait"))))
        assert jobs._look_for_messages(cell) == AGAIN_SECONDS
    with monkeypatch.context() as closed:
        closed.setattr(cell, "_app", None)
        assert jobs._look_for_messages(cell) == delivery.LOOK_EVERY_SECONDS
    failed = ["messages that are due could not be looked for"]
    assert [line.getMessage().partition(";")[0] for line in caplog.records] == failed
    jobs._look_for_messages(cell)
    said = [line.getMessage().partition(";")[0] for line in caplog.records]
    assert said == [*failed, "outbox works again"]


def test_a_message_is_looked_for_as_soon_as_it_is_committed_and_not_where_it_was_taken_back(
    cell, menjin, site
):
    scheduler = make_scheduler(monotonic=lambda: 0.0)
    jobs = jobs_on(scheduler)
    scheduler.add(("", OUTBOX), bool, delivery.LOOK_EVERY_SECONDS)
    jobs.prepare(cell, app_of(menjin))
    with pytest.raises(OSError, match="away"), menjin.database.session() as session:
        put(session, site, menjin)
        raise_it(OSError("away"))
    assert earliest(scheduler) == delivery.LOOK_EVERY_SECONDS
    with menjin.database.session() as session:
        put(session, site, menjin)
        assert earliest(scheduler) == delivery.LOOK_EVERY_SECONDS
    assert earliest(scheduler) == 0.0


def put(session, site, menjin):
    body = {"subject": "Willow Court", "text": "A test."}
    outbox.put_message(
        session, site, channel="mail", target="a@example.org", kind="test", body=body, now=menjin.clock()
    )


def earliest(scheduler):
    return min(at for at, place, job in scheduler._due if job.place == place)


def test_each_job_of_one_compound_has_a_thread(cell, menjin, monkeypatch):
    monkeypatch.setattr(delivery, "due_channels", lambda _menjin: list(outbox.CHANNELS))
    scheduler, app = make_scheduler(), app_of(menjin)
    jobs = jobs_on(scheduler)
    jobs.add(cell)
    jobs._look_for_messages(cell)
    jobs.prepare(cell, app)
    live_watch(app).join("browser")
    call_watch(app).join("browser")
    look_for_folders = 1
    assert len(scheduler._jobs) + look_for_folders == THREADS_OF_ONE


class Later:
    """A cell of many."""

    name, is_only = "willow", False


def test_jobs_of_a_whole_server_begin_at_once_and_those_of_cells_are_spread(cell):
    first, many = make_scheduler(monotonic=lambda: 0.0), make_scheduler(monotonic=lambda: 0.0)
    jobs_on(first).add(cell)
    jobs_on(many).add(Later())
    names = {"outbox", "watch", "housekeeping", "later", "machine", "lease"}
    assert {one.key: at for at, _number, one in first._due} == {("", what): 0.0 for what in names}
    due = {one.key[1]: at for at, _number, one in many._due}
    assert due.keys() == names
    assert all(0 < at < housekeeping.EVERY_SECONDS for at in due.values())
    assert len(set(due.values())) == len(names)


# -- acts that begin later -----------------------------------------------------------------------------


def plan(menjin, site, seconds, *, and_then=lambda: None):
    """Plan an act that begins after so many seconds."""
    with menjin.database.session() as session:
        act = new_action(menjin, session, site, "staff-1", "manager", now=menjin.clock())
        plan_act(act, Sent(1, "hours.new", "/", {}, ()), menjin.clock() + timedelta(seconds=seconds))
        and_then()


def next_look(scheduler):
    """Return when the look for planned acts is due; the clock of the scheduler is at 0."""
    [at] = [at for at, number, one in scheduler._due if one.key[1] == "later" and one.place == number]
    return at


@pytest.mark.both_databases
def test_an_idle_cell_is_asked_for_planned_acts_twice_a_minute_with_one_statement(jobs, cell, menjin):
    with statements_of(menjin.database) as seen:
        assert jobs._later(cell) == 30.0
    assert len(seen) == 1


@pytest.mark.parametrize(("begins_in", "looks_in"), [(12.0, 12.0), (3600.0, 30.0)])
def test_the_next_look_is_when_the_next_planned_act_begins(jobs, cell, menjin, site, begins_in, looks_in):
    plan(menjin, site, 7200.0)
    plan(menjin, site, begins_in)
    assert jobs._later(cell) == looks_in


def test_what_this_process_plans_is_looked_at_once_it_is_stored(cell, menjin, site):
    scheduler = make_scheduler(monotonic=lambda: 0.0)
    jobs = jobs_on(scheduler)
    jobs.prepare(cell, app_of(menjin))
    scheduler.add(("", "later"), lambda: None, 30.0)
    with pytest.raises(ZeroDivisionError):
        plan(menjin, site, 5.0, and_then=lambda: 1 / 0)
    assert next_look(scheduler) == 30.0
    plan(menjin, site, 5.0, and_then=lambda: next_look(scheduler) == 30.0 or pytest.fail("it is not stored"))
    assert next_look(scheduler) == 0.0


def test_planned_acts_that_cannot_be_looked_for_say_so_once(jobs, cell, monkeypatch, caplog):
    with monkeypatch.context() as away:
        away.setattr(periodic_jobs, "next_begin", lambda _database: raise_it(OSError()))
        assert [jobs._later(cell) for _time in range(2)] == [AGAIN_SECONDS] * 2
    assert jobs._later(cell) == later_runs.LOOK_EVERY_SECONDS
    said = [line.getMessage().partition(";")[0] for line in caplog.records]
    assert said == ["planned acts could not be looked for", "later works again"]
