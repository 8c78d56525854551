"""Metrics of a whole installation: its cells by name, those that are out and why, and no person.

What is of one process says so: with several, each has cells of its own open.
"""

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from web_admin.cells.installation import Installation
from web_admin.core.request_times import numbers_of_all_cells

CONTENT_TYPE = CONTENT_TYPE_LATEST


def numbers_of(installation: Installation) -> bytes:
    """Return the numbers of this moment (https://prometheus.io/docs/instrumenting/exposition_formats/)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(installation))
    return generate_latest(registry) + numbers_of_all_cells()


class _Numbers(Collector):
    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def collect(self) -> Iterator[Metric]:
        """Give every number."""
        out = GaugeMetricFamily(
            "menjin_cell_out", "1 while the cell cannot be served, and why.", labels=["cell", "why"]
        )
        opened = GaugeMetricFamily(
            "menjin_cell_open", "1 while this process has the cell open.", labels=["cell"]
        )
        for cell in self._installation.cells():
            opened.add_metric([cell.name], float(cell.is_open))
            trouble = cell.trouble
            if trouble is not None:
                out.add_metric([cell.name, str(trouble.kind)], 1)
        yield out
        yield opened
        hanging = GaugeMetricFamily(
            "menjin_cell_work_hanging",
            "1 while periodic work of the cell hangs in this process.",
            labels=["cell", "work"],
        )
        for name, what in self._installation.hanging():
            hanging.add_metric([name, what], 1)
        yield hanging
