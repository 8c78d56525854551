"""A long sheet is read in by a job whose page may be left and whose names go."""

import threading

import pytest
from sqlalchemy import func, select

from tests.web_admin.manage.sent_sheets import LONG, PATH, hidden_of, job_of, upload
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.core.database import current_menjin
from web_admin.core.job_models import LongJob
from web_admin.operations import jobs as long_jobs


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


def ended(compound, job_id):
    """Wait for the thread that does a job to say that it is over."""
    for thread in [thread for thread in threading.enumerate() if thread.name == f"job {job_id}"]:
        thread.join(60)
    with compound.app.app_context(), current_menjin().database.session() as session:
        return session.get_one(LongJob, job_id)


@pytest.mark.wide
def test_a_long_sheet_is_read_in_by_a_job_whose_page_may_be_left_and_whose_names_go(client, compound, count):
    before = count()
    answer = client.post(f"{PATH}/confirm", data=hidden_of(upload(client, LONG.encode()).text))
    job = ended(compound, job_of(answer))
    assert (job.state, job.payload_sealed, job.result["added"]) == ("done", None, 300)
    assert tuple(now - then for now, then in zip(count(), before, strict=True)) == (300, 300, 300)
    assert "Read in: added: 300." in client.get(answer.headers["Location"]).text
    assert "Read in: added: 300." in client.get(PATH).text


def test_a_job_that_does_not_fit_any_more_does_nothing_and_says_so(client, compound, count, monkeypatch):
    monkeypatch.setattr(long_jobs, "start", lambda menjin, job_id: None)
    answer = client.post(f"{PATH}/confirm", data=hidden_of(upload(client, LONG.encode()).text))
    client.post(f"{PATH}/confirm", data=hidden_of(upload(client, b"home,name,card\n9-9,Ann,8000007\n").text))
    before = count()
    with compound.app.app_context():
        long_jobs.run(current_menjin(), job_of(answer))
    assert count() == before
    assert "Nothing was imported." in client.get(answer.headers["Location"]).text
