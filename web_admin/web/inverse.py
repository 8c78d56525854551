"""Describe how what a page changes is read and set again, for `undo.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from web_admin.action.base import Action
from web_admin.core.job_models import JOBS_KEPT_FOR

Args = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Inverse:
    """How to read what a page may change, by the ids of its parts, and set one part; None takes it away."""

    read: Callable[[Action, Args], Mapping[str, object]]
    put: Callable[[Action, Args, str, object], None]
    name: Callable[[str, Any], str] = lambda _key, _value: ""
    """The name of a part by its id and value, where the address does not say it."""
    lasts: timedelta = JOBS_KEPT_FOR
    """How long it can be undone."""
