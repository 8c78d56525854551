"""Bugs of the kinds that were found so far, each put into the product by a change of a few words.

A function's own source is changed and takes the function's place, so a bug that no longer fits the
product stops the run instead of planting nothing.
"""

import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any
from unittest.mock import patch

from gate_controller.contract.calendars import SiteCalendar
from gate_controller.control.controller import Controller
from gate_controller.face_control.retention import FaceKeeper
from gate_controller.rules import access
from gate_controller.storage import database
from gate_controller.storage.policy_store import PolicyStore
from gate_controller.sync.journal_delivery import JournalDelivery
from tests.support.compounds import access_reviews
from web_admin.access_review import actions as review_actions
from web_admin.accounts import permissions
from web_admin.custody import shares
from web_admin.face import ways_in
from web_admin.people import actions as people_actions
from web_admin.policy import publish
from web_admin.restore import actions as restore_actions
from web_admin.sync import check_in, requests

Changes = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Bug:
    """One planted bug: what it does, and the functions that it changes (owner, name, old and new words)."""

    name: str
    what: str
    changes: tuple[tuple[Any, str, Changes], ...]


# fmt: off
BUGS: tuple[Bug, ...] = (
    Bug(
        "lease survives", "a lease stays when the next answer no longer lends it",
        ((FaceKeeper, "take_leases", (("held = {}", "held = dict(self._kept._leases._held)"),)),),
    ),
    Bug(
        "older epoch", "a gate takes a policy of an older epoch or version",
        ((PolicyStore, "take", (("if offered < self.have:", "if offered < (0, 0):"),)),),
    ),
    Bug(
        "counter repeats", "the server answers a request whose number was answered before",
        ((requests, "_check_counter", (
            ("if counter == newest and digest == gate.request_digest:", "if counter == -1:"),
            ("if 0 < newest - counter <= LATE_WINDOW:",
             "if newest - counter <= LATE_WINDOW:\n        return\n    if newest < 0:"),
        )),),
    ),
    Bug(
        "receipt of another", "a receipt counts whichever key signed it",
        ((shares, "_opened", (
            ("return open_receipt(signed, key), key\n",
             "return msgspec.json.decode(signed.receipt, type=ForgetReceipt), key\n"),
        )),),
    ),
    Bug(
        "ended card opens", "a card that ended still opens at gates that know of its end",
        ((access, "_ended_refusal", (
            ("if credential.state is CredentialState.ACTIVE:",
             "if credential.state is not CredentialState.SUSPENDED:"),
        )),),
    ),
    Bug(
        "face alone", "face stays on when the last other way ends",
        (
            (ways_in, "pause_without_other_way", (("if other_ways or", "if True or other_ways or"),)),
            (publish, "pause_without_other_way", (("if other_ways or", "if True or other_ways or"),)),
        ),
    ),
    Bug(
        "exit button opens", "a press of an exit button releases the lock by the gate's own order",
        ((Controller, "_device_report", (
            ("report.kind in UNCOUNTED:\n",
             "report.kind in UNCOUNTED:\n        self._presentations.release(report.lane_id, 5.0)\n"),
        )),),
    ),
    Bug(
        "order twice", "an order stays undelivered after it was sent",
        ((check_in, "_pending_orders", (("if gate.is_trusted:", "if gate.state == 'new':"),)),),
    ),
    Bug(
        "consent revived", "a restore leaves consents of the backup as they were",
        ((restore_actions, "begin_restoring", (("end_restored_faces(\n", "(lambda _act: 0)(\n"),)),),
    ),
    Bug(
        "torn write loses", "a gate's files are not synced, so that a power cut takes what was acted on",
        ((database, "_open", (("PRAGMA synchronous=FULL", "PRAGMA synchronous=OFF"),)),),
    ),
    Bug(
        "guard as manager", "the guards' role has a right of the manager's",
        ((permissions, "may", (
            ("return any(", "return (action == 'edit_people' and 'guard' in roles) or any("),
        )),),
    ),
    Bug(
        "stolen gets people", "a gate that was reported stolen is sent people and cards as before",
        ((publish._Sources, "records", (
            ('if gate.state != "paired":', 'if gate.state not in ("paired", "stolen"):'),
        )),),
    ),
    Bug(
        "face alone at an hour", "a face opens in minutes in which no other way of its person does",
        ((access, "face_is_alone", (("return len(", "return False and len("),)),),
    ),
    Bug(
        "hours of ways", "a lane takes a way in at every hour",
        ((access, "_lane_refusal", (
            ("if lane.method_hours and claim.method in lane.method_hours:", "if lane.method_hours is None:"),
        )),),
    ),
    Bug(
        "hours of grants", "a person passes at every hour",
        ((access, "_time_refusal", (
            ("if grant.hours_id is not None and not", 'if grant.hours_id == "" and not'),
        )),),
    ),
    Bug(
        "no holidays", "a date counts as its day of the week, whatever the calendar says",
        ((SiteCalendar, "day_kind", (("self.exceptions.get(day) or ", ""),)),),
    ),
    Bug(
        "suspended card alone", "a suspended person is refused with a card alone",
        ((access, "_person_refusal", (
            ("if person.suspended:", "if person.suspended and type(claim.credential) is CardCredential:"),
        )),),
    ),
    Bug(
        "interlock ignored", "a way in opens while the lane that it waits for is released",
        ((access, "is_interlocked", (('lane.direction == "in"', 'lane.direction == "both"'),)),),
    ),
    Bug(
        "inside again", "a person who is inside comes in once more",
        ((access, "came_in_again", (('lane.direction == "in"', 'lane.direction == "both"'),)),),
    ),
    Bug(
        "code of another lane", "an emergency code opens every lane of its gate",
        ((access, "_decide_emergency", (
            ("elif reason is None and lane_id not in code.lanes:", "elif reason is None and not code.lanes:"),
        )),),
    ),
    Bug(
        "lost receipt", "a gate counts receipts as sent before the server has answered",
        ((JournalDelivery, "push_receipts", (
            ("self._link.post(", "self._journal.receipts_sent(tuple(unsent)); self._link.post("),
        )),),
    ),
    Bug(
        "gate left out", "a publication leaves out the last gate",
        ((publish, "_stored", (
            ("facts.gates[start : start + at_once]\n", "facts.gates[start : start + at_once][:2]\n"),
        )),),
    ),
    Bug(
        "review without a reason", "an access review suspends a card and gives no reason",
        ((review_actions, "stop_subject", (
            ("suspend_credential(act, subject_id, reason)", 'credential.state = "suspended"'),
        )),),
    ),
    Bug(
        "silence suspends", "a card about which no one answered is suspended when the review is closed",
        ((access_reviews, "close_round", (
            ("    of_round.closed_at, of_round.closed_by =",
             "    from web_admin.compound.models import CredentialRow\n"
             '    [setattr(act.session.get(CredentialRow, row.subject_id), "state", "suspended")\n'
             '     for row in undecided if row.kind == "card"]\n'
             "    of_round.closed_at, of_round.closed_by ="),
        )),),
    ),
    Bug(
        "share at move-out", "the shares of a face stay when its person moves out",
        ((people_actions, "forget_face", (
            ("gate_ids = destroy_shares(", 'gate_ids = [] if why == "moved_out" else destroy_shares('),
        )),),
    ),
)
# fmt: on


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Put a bug into the product until the end of the block."""
    with ExitStack() as patches:
        for owner, name, changes in bug.changes:
            patches.enter_context(patch.object(owner, name, changed(getattr(owner, name), changes)))
        yield


def changed(function: Callable[..., Any], changes: Changes) -> Callable[..., Any]:
    """Return a function with other words; raise ValueError where the words are not there once."""
    plain = inspect.unwrap(function)
    assert isinstance(plain, FunctionType)
    source = textwrap.dedent(inspect.getsource(plain))
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{plain.__qualname__} has {source.count(old)} places that read {old!r}")
        source = source.replace(old, new)
    made: dict[str, Any] = {}
    exec(compile(source, f"<planted {plain.__qualname__}>", "exec"), plain.__globals__, made)  # noqa: S102
    return made[plain.__name__]  # type: ignore[no-any-return]
