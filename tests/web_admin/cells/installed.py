"""An installation of cells in one process, without sockets."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from werkzeug.test import Client, TestResponse

from web_admin.cells.installation import Installation
from web_admin.cells.open_cell import InCommon
from web_admin.cells.periodic_jobs import PeriodicJobs
from web_admin.cells.site import Site


@dataclass
class Clock:
    """Seconds of a clock that only grows, as the test says."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Here:
    """An installation and who asks it."""

    folder: Path
    clock: Clock
    installation: Installation
    site: Site
    jobs: PeriodicJobs
    common: InCommon

    def ask(self, host: str, path: str = "/healthz", **more: object) -> TestResponse:
        return Client(self.site).get(path, headers={"Host": host}, buffered=True, **more)

    def look(self) -> None:
        """See what changed, a while later."""
        self.clock.now += 5.0
        self.installation.look()


COMMON = InCommon(lambda: datetime.now(UTC))
