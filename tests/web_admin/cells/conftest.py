"""An installation of cells that each file of tests may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.compounds.empty_cell import make_cell
from tests.support.scheduling import make_scheduler
from tests.web_admin.cells.installed import COMMON, Clock, Here
from web_admin.cells.installation import Choices, Installation
from web_admin.cells.periodic_jobs import PeriodicJobs
from web_admin.cells.site import Site
from web_admin.core.cell_in_hand import CELL
from web_admin.serving.installation import first_app
from web_admin.web.live_watch import StreamPlaces


@pytest.fixture(scope="module")
def words():
    """Return the app that fills what all share, once."""
    return first_app(COMMON)


@pytest.fixture
def here(tmp_path: Path, words) -> Iterator[Here]:
    """Return two cells, willow and elm."""
    folder = tmp_path / "cells"
    for name in ("willow", "elm"):
        make_cell(folder, name, COMMON)
    clock = Clock()
    installation = Installation(Choices(folder), COMMON, monotonic=clock)
    jobs = PeriodicJobs(make_scheduler(), words, StreamPlaces(4), bool)
    installation.prepare = jobs.prepare
    in_none = CELL.set("")
    yield Here(folder, clock, installation, Site(installation), jobs, COMMON)
    installation.close_all(5.0)
    CELL.reset(in_none)  # a request leaves the name set in its thread, which is the tests' own here
