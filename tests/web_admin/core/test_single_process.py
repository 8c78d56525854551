"""One process of a machine, and one of several machines, does a job."""

import pytest

from tests.support.scheduling import OpenCell, jobs_on, make_scheduler
from tests.web_admin.cells.jobs_of_cells import marked_at
from web_admin.core.database import Menjin
from web_admin.core.single_process import alone, alone_everywhere
from web_admin.policy.effects import PolicyEffects


@pytest.fixture
def menjin(web_config, database, sealer, site, clock):
    web_config.secrets_dir.mkdir()
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


@pytest.fixture
def cell(menjin):
    return OpenCell(menjin)


@pytest.fixture
def jobs():
    return jobs_on(make_scheduler())


def test_of_two_processes_of_a_machine_one_keeps_house(jobs, cell, menjin):
    with alone(menjin.config.data_dir, "housekeeping"):
        jobs._always(cell)
    assert marked_at(menjin) is None
    jobs._always(cell)
    assert marked_at(menjin) is not None


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_machines_one_keeps_house(jobs, cell, menjin, tmp_path):
    other = tmp_path / "web2"
    other.mkdir()
    with alone_everywhere(menjin.database, other, "housekeeping"):
        jobs._always(cell)
    assert marked_at(menjin) is None
    jobs._always(cell)
    assert marked_at(menjin) is not None
