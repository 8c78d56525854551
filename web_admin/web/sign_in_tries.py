"""Count sign-in tries of a request before they are judged, and note successful ones."""

from datetime import datetime

from flask import current_app, g, request
from werkzeug.exceptions import TooManyRequests

from web_admin.accounts import throttle
from web_admin.accounts.throttle import Claim
from web_admin.core.database import current_menjin, request_session
from web_admin.core.limit_counts import current_counts

RUN_OF_FAILURES = 10
"""After so many failures in a row of one account the log has a line, and again after so many more."""


def _now() -> datetime:
    return current_menjin().clock()


def _address() -> str:
    return request.remote_addr or ""


def claim_try(name: str) -> Claim:
    """Count one try of `name` from this address before it is judged; changes nothing when it has to wait.

    Call it before the request changes anything. `sign_in_worked` gives the try back.
    """
    claim = throttle.claim(current_counts(), name, _address(), _now())
    if not claim.wait_seconds:
        g.menjin_claimed = name
    return claim


def claim_sign_in(name: str) -> Claim:
    """Count one try of `name`, or answer 429 while it may not be tried from this address."""
    claim = claim_try(name)
    if claim.wait_seconds:
        raise TooManyRequests(retry_after=claim.wait_seconds)
    return claim


def sign_in_worked(name: str) -> None:
    """Note in the request's transaction that `name` signed in from here, which is its own from now on."""
    claimed = g.pop("menjin_claimed", None) == name
    throttle.worked(current_counts(), request_session(), name, _address(), _now(), claimed=claimed)


def failed_unasked() -> int:
    """Count a failure of what is never made to wait; return for how many seconds its address waits now."""
    return throttle.failed_unasked(current_counts(), _address(), _now())


def is_run(claim: Claim) -> bool:
    """Return whether this failure ends one more run of failures of its account."""
    return claim.of_account > 0 and claim.of_account % RUN_OF_FAILURES == 0


def log_run(failures: int, what: str, whose: str) -> None:
    """Write one line about a run of failures; ids only."""
    current_app.logger.warning("sign-in: %s wrong %s for %s", failures, what, whose)
