"""Things that an account of staff made and that work without it: ended or handed over with it; no routes."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from web_admin.accounts.api_keys import end_api_key, reopen_api_key
from web_admin.accounts.models import ApiKey
from web_admin.accounts.queries import live_keys_by
from web_admin.accounts.staff import staff_id
from web_admin.action.base import Action, begin, one_publication, record
from web_admin.core.orm import Base
from web_admin.credentials.emergency_codes import end_emergency_code, reopen_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.credentials.queries import live_emergency_codes
from web_admin.messages.actions import remove_webhook, reopen_webhook, take_webhook_over
from web_admin.messages.models import Webhook
from web_admin.messages.queries import authors_of_webhooks, webhooks_by
from web_admin.visitors.actions import reopen_pass, withdraw_pass
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.queries import live_passes_by, live_series_by
from web_admin.visitors.weekly import reopen_series, withdraw_series

KINDS: Mapping[str, LazyString] = {
    "keys": _l("Keys for other systems"),
    "passes": _l("Visitor passes"),
    "webhooks": _l("Webhooks"),
    "codes": _l("Emergency codes"),
}
HANDED_OVER_FIRST = frozenset({"webhooks", "codes"})
"""Kinds handed over unless the manager chooses otherwise: an alarm centre or an ambulance needs them."""

KNOWN_TO_GATES = frozenset({"passes", "codes"})
"""Kinds whose end gates are sent."""


@dataclass(frozen=True, slots=True)
class Made:
    """Things of one table that an account makes, and how they are found, ended and had back by their id."""

    kind: str
    table: type[Base]
    key: str
    live: Callable[[Action, str], Sequence[Any]]
    end: Callable[[Action, str], object]
    reopen: Callable[[Action, str], None]
    name: str = "name"
    ended: str = "ended_at"


MADE: Mapping[str, Made] = {
    "key": Made(
        "keys",
        ApiKey,
        "key_id",
        lambda act, author: live_keys_by(act.session, act.site_id, author, act.now),
        end_api_key,
        reopen_api_key,
    ),
    "series": Made(
        "passes",
        VisitorSeriesRow,
        "series_id",
        lambda act, author: live_series_by(act.session, act.site_id, author, act.now.date()),
        withdraw_series,
        reopen_series,
        "label",
        "withdrawn_at",
    ),
    # After the series, whose end withdraws theirs.
    "pass": Made(
        "passes",
        VisitorPassRow,
        "pass_id",
        lambda act, author: live_passes_by(act.session, act.site_id, author, act.now),
        withdraw_pass,
        reopen_pass,
        "label",
        "withdrawn_at",
    ),
    "webhook": Made(
        "webhooks",
        Webhook,
        "webhook_id",
        lambda act, author: webhooks_by(act.session, act.site_id, author),
        remove_webhook,
        reopen_webhook,
    ),
    "code": Made(
        "codes",
        EmergencyCode,
        "credential_id",
        lambda act, author: [
            code for code in live_emergency_codes(act.session, act.site_id) if code.author_id == author
        ],
        partial(end_emergency_code, reason="closed account"),
        reopen_emergency_code,
        "label",
    ),
}


def made_by(act: Action, account_id: int) -> Iterator[tuple[str, str, str]]:
    """Yield table, id and name of each thing that an account made and that still works."""
    for table, made in MADE.items():
        for row in made.live(act, staff_id(account_id)):
            yield table, getattr(row, made.key), getattr(row, made.name)


def names_of_made(act: Action, account_id: int) -> dict[str, list[str]]:
    """Return the names of what an account made and still works, by kind, in the order of KINDS."""
    names: dict[str, list[str]] = {}
    for table, _id, name in made_by(act, account_id):
        names.setdefault(MADE[table].kind, []).append(name)
    return names


def settle_made(act: Action, account_id: int, handed_over: Collection[str]) -> None:
    """Hand these kinds of what an account made over to the actor, and end the others, on record."""
    begin(act)
    kinds = names_of_made(act, account_id).keys()
    if not kinds:
        return
    reaches_gates = kinds & KNOWN_TO_GATES - set(handed_over)
    with one_publication(act) if reaches_gates else nullcontext(replace(act, publishes=False)) as one:
        for made in MADE.values():
            for row in made.live(one, staff_id(account_id)):
                if made.kind in handed_over:
                    give(one, row, one.actor_id)
                else:
                    made.end(one, getattr(row, made.key))
        record(
            one,
            "staff_work_settled",
            {
                "account_id": account_id,
                "handed_over": " ".join(kind for kind in kinds if kind in handed_over),
                "ended": " ".join(kind for kind in kinds if kind not in handed_over),
            },
        )


def author_of(act: Action, row: Any) -> str:
    """Return the account that answers for something made; empty where none does."""
    if isinstance(row, Webhook):
        return authors_of_webhooks(act.session, act.site_id).get(row.webhook_id, "")
    return row.author_id or ""


def give(act: Action, row: Any, author_id: str) -> None:
    """Make an account answer for something made, so that its closing lists it."""
    if not isinstance(row, Webhook):
        row.author_id = author_id
    elif author_of(act, row) != author_id:
        take_webhook_over(act, row.webhook_id, author_id)
