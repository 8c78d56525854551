"""Where a server has signed versions of the gate's program, and what gates and servers say of them."""

from typing import Annotated

import msgspec
from packaging import version as versions

from gate_controller.contract.records import Id, Name

UPDATES_PATH = "/sync/v1/updates/"
MAX_WHEEL_BYTES = 300_000_000
MAX_WHY_CHARS = 300

BACK_TO = "menjin_back_to"
"""The makers' word on a version's list, in the `custom` part of signed targets: gates may go back to it."""

Version = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[0-9][A-Za-z0-9.+]{0,39}$")]
"""A version of the program, as its package names it; fit for a folder's name."""


class UpdateOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The version that a gate should run; what it fetches is signed by the makers, not by the server."""

    version: Version
    order_id: Id
    """Another one where the same version is to be tried again after it was rolled back."""


class UpdateStatus(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far a gate is; `step` is kept, fetching, failed, fetched, switched, trial or rolled_back."""

    step: Name
    version: Name = ""
    order_id: Annotated[str, msgspec.Meta(max_length=40)] = ""
    why: Annotated[str, msgspec.Meta(max_length=MAX_WHY_CHARS)] = ""


def is_older(version: str, than: str) -> bool:
    """Return whether a version is older than another; raise packaging's InvalidVersion for what is none."""
    return versions.Version(version) < versions.Version(than)


def list_target(version: str, tag: str) -> str:
    """Return the name of the list of a version's wheels for one kind of machine."""
    return f"gate/{version}/{tag}.json"


def metadata_path(name: str) -> str:
    """Return where the server has a file of signed metadata."""
    return f"{UPDATES_PATH}metadata/{name}"


def target_path(name: str) -> str:
    """Return where the server has a signed file; its name begins with its digest."""
    return f"{UPDATES_PATH}targets/{name}"
