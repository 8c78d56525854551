"""Gates and answers of cells that run."""

from pathlib import Path

from tests.served.served_cells import ServedCell
from tests.served.served_compound import ServedCompound
from tests.served.signed_gate import SignedGate, signed_gate


def answers(cell: ServedCell, path: str = "/healthz") -> int:
    """Return the status of a page."""
    return cell.browser().get(path).status_code


def gate_of(cell: ServedCell) -> SignedGate:
    """Return a paired gate that names the cell's host in each request."""
    gate = signed_gate(ServedCompound(cell.address, cell.compound, Path(), None))  # type: ignore[arg-type]  # no process
    gate.host = cell.host
    return gate
