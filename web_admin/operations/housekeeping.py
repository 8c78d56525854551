"""Periodic tasks of the server: each step alone, so that one failure stops no other.

`menjin web run` calls `run` every ten minutes (`cells/periodic_jobs.py`), `menjin web housekeeping` at once.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from web_admin.access_review import card_months
from web_admin.access_review import timing as access_reviews
from web_admin.accounts.sessions import forget_old_sessions
from web_admin.calls.monthly_tests import run_monthly_tests
from web_admin.calls.silent_gates import end_silent_calls
from web_admin.core.database import Menjin
from web_admin.core.limit_counts import forget_old_counts
from web_admin.custody.key_rotation import rotate_wrap_key, rotation_due_since
from web_admin.face import inactive, timers
from web_admin.gates.face_code import drop_face_without_code
from web_admin.gates.places import place_gates_once
from web_admin.operations import jobs as long_jobs
from web_admin.operations.later_runs import withdraw_long_held
from web_admin.operations.lost_reader_messages import notify_of_lost_readers
from web_admin.operations.marks import HOUSEKEEPING, look_at_certificate, mark
from web_admin.operations.stolen_gates import count_stolen_gates
from web_admin.people import suspension_ends
from web_admin.policy.fitting import fit_policies
from web_admin.policy.sums import begin_sums
from web_admin.privacy import retention
from web_admin.privacy.requests import notify_of_late_requests

EVERY_SECONDS = 600.0
Step = Callable[[Menjin, datetime], int]

_log = logging.getLogger(__name__)


def rotate_if_due(menjin: Menjin, now: datetime) -> int:
    """Change the wrapping key when a face was forgotten since; return how many keys were destroyed."""
    with menjin.database.session() as session:
        due = rotation_due_since(session)
    if due is None:
        return 0
    return len(rotate_wrap_key(menjin.database, menjin.sealer, now).destroyed_ids)


STEPS: Mapping[str, Step] = {
    "faces_settled": timers.settle_by_time,
    "faces_used": inactive.note_uses,
    "card_months_noted": card_months.note_card_months,
    "faces_reminded": inactive.remind,
    "faces_ended": inactive.end_unused,
    "suspensions_ended": suspension_ends.end_by_time,
    "stolen_gates_counted": count_stolen_gates,
    "access_reviews_begun": access_reviews.begin_due_rounds,
    "access_reviews_reminded": access_reviews.remind_of_rounds,
    "call_tests_begun": run_monthly_tests,
    "silent_calls_ended": end_silent_calls,
    "late_requests_told": notify_of_late_requests,
    "lost_readers_notified": notify_of_lost_readers,
    "face_dropped_without_code": drop_face_without_code,
    "gates_placed": place_gates_once,
    "policies_fitted": fit_policies,
    "sums_begun": begin_sums,
    "jobs_taken_up": long_jobs.run_due,
    "planned_acts_withdrawn": withdraw_long_held,
    **retention.STEPS,
    "wrapping_keys_destroyed": rotate_if_due,
    "sessions_forgotten": lambda menjin, now: forget_old_sessions(menjin.database, now),
    "limit_counts_forgotten": lambda menjin, now: forget_old_counts(menjin.database, now),
    "certificates_refused": look_at_certificate,
}
"""In this order: uses are noted before passages lose their names, keys change after faces ended."""


def run(menjin: Menjin, now: datetime) -> dict[str, int]:
    """Do every step; return how much each did, -1 for one that failed and is tried again next time."""
    done = {}
    for name, step in STEPS.items():
        try:
            done[name] = step(menjin, now)
        except Exception:  # noqa: BLE001 - one fault stops no other step, and it is logged
            _log.exception("housekeeping: %s failed; the next run tries again", name)
            done[name] = -1
    with menjin.database.session() as session:
        mark(session, HOUSEKEEPING, now, ", ".join(name for name, count in done.items() if count < 0))
    return done
