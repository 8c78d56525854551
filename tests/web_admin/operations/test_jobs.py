"""A job that died is taken up again and done once; another compound's is not found."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.web_admin.manage.sent_sheets import LONG, PATH, hidden_of, job_of, upload
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.core.database import current_menjin
from web_admin.operations import jobs as long_jobs
from web_admin.people_import.job import import_people


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def count(compound):
    """Return how many homes, people and cards the compound has."""

    def counted():
        with compound.app.app_context(), current_menjin().database.session() as session:
            kinds = (Home, Person, CredentialRow)
            return tuple(session.scalar(select(func.count()).select_from(kind)) for kind in kinds)

    return counted


@pytest.mark.wide
def test_a_job_that_died_is_taken_up_again_and_done_once(client, compound, count, monkeypatch):
    before = count()
    monkeypatch.setattr(long_jobs, "start", lambda menjin, job_id: None)  # as if the server went down here
    answer = client.post(f"{PATH}/confirm", data=hidden_of(upload(client, LONG.encode()).text))
    with compound.app.app_context():
        menjin = current_menjin()
        monkeypatch.setitem(long_jobs.WORKS, "import_people", crash_after_work)
        with pytest.raises(KeyboardInterrupt):
            long_jobs.run(menjin, job_of(answer))
        assert count() == before
        monkeypatch.undo()
        long_jobs.run(menjin, job_of(answer))
        assert count() == before  # another worker may still be at it
        compound.clock.now += timedelta(minutes=4)
        assert long_jobs.run_due(menjin, menjin.clock()) == 1
        assert long_jobs.run_due(menjin, menjin.clock()) == 0
        long_jobs.run(menjin, job_of(answer))
    assert tuple(now - then for now, then in zip(count(), before, strict=True)) == (300, 300, 300)


def crash_after_work(act, payload):
    import_people(act, payload)
    raise KeyboardInterrupt


def test_another_compounds_job_is_not_found(client):
    assert client.get(f"{PATH}/jobs/nothing").status_code == 404
