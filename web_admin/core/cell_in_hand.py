"""Say in which cell a thread works, where one process serves several compounds.

Log lines carry the name, and what is counted is counted for it. It is context and no right: what a request
may reach is decided by the app that it was given to.
"""

from collections.abc import Callable
from contextvars import ContextVar, copy_context

CELL: ContextVar[str] = ContextVar("menjin_cell", default="")
"""The cell's name; "" where a server has one compound, and between two cells."""


def in_this_cell(work: Callable[[], None]) -> Callable[[], None]:
    """Return the work as a thread of its own has to do it, so that its lines carry the name as well."""
    context = copy_context()
    return lambda: context.run(work)
