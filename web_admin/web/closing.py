"""Read what an account of staff made that goes on without it, and end it or hand it over; no routes."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from web_admin.accounts.api_keys import end_api_key
from web_admin.accounts.models import ApiKey
from web_admin.accounts.queries import live_keys_by
from web_admin.accounts.staff import staff_id
from web_admin.action.base import Action, begin, one_publication, record
from web_admin.credentials.emergency_codes import end_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.credentials.queries import live_emergency_codes
from web_admin.messages.actions import remove_webhook, take_webhook_over
from web_admin.messages.models import Webhook
from web_admin.messages.queries import webhooks_by
from web_admin.visitors.actions import withdraw_pass
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.queries import live_passes_by, live_series_by
from web_admin.visitors.weekly import withdraw_series

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
class WorkingItems:
    """Things that an account made and that still work."""

    keys: Sequence[ApiKey]
    passes: Sequence[VisitorPassRow]
    series: Sequence[VisitorSeriesRow]
    webhooks: Sequence[Webhook]
    codes: Sequence[EmergencyCode]

    def names(self) -> dict[str, list[str]]:
        """Return the names of what there is, by kind, in the order of KINDS, without empty kinds."""
        found = {
            "keys": [row.name for row in self.keys],
            "passes": [*(row.label for row in self.series), *(row.label for row in self.passes)],
            "webhooks": [row.name for row in self.webhooks],
            "codes": [row.label for row in self.codes],
        }
        return {kind: found[kind] for kind in KINDS if found[kind]}


def made_by(act: Action, account_id: int) -> WorkingItems:
    """Return what an account made that still works."""
    author, session, site_id = staff_id(account_id), act.session, act.site_id
    codes = [code for code in live_emergency_codes(session, site_id) if code.author_id == author]
    return WorkingItems(
        live_keys_by(session, site_id, author, act.now),
        live_passes_by(session, site_id, author, act.now),
        live_series_by(session, site_id, author, act.now.date()),
        webhooks_by(session, site_id, author),
        codes,
    )


def settle_made(act: Action, account_id: int, handed_over: Collection[str]) -> None:
    """Hand these kinds of what an account made over to the actor, and end the others, on record."""
    begin(act)
    made = made_by(act, account_id)
    if not made.names():
        return
    reaches_gates = made.names().keys() & KNOWN_TO_GATES - set(handed_over)
    with one_publication(act) if reaches_gates else nullcontext(replace(act, publishes=False)) as one:
        if "keys" not in handed_over:
            for key in made.keys:
                end_api_key(one, key.key_id)
        if "passes" not in handed_over:
            for series in made.series:
                withdraw_series(one, series.series_id)
            for row in live_passes_by(one.session, one.site_id, staff_id(account_id), one.now):
                withdraw_pass(one, row.pass_id)
        if "webhooks" not in handed_over:
            for hook in made.webhooks:
                remove_webhook(one, hook.webhook_id)
        if "codes" not in handed_over:
            for code in made.codes:
                end_emergency_code(one, code.credential_id, "closed account")
        kept = [kind for kind in made.names() if kind in handed_over]
        _take_over(one, made, kept)
        record(
            one,
            "staff_work_settled",
            {
                "account_id": account_id,
                "handed_over": " ".join(kept),
                "ended": " ".join(kind for kind in made.names() if kind not in kept),
            },
        )


def _take_over(act: Action, made: WorkingItems, kept: Collection[str]) -> None:
    """Make the actor the author of what is handed over."""
    for hook in made.webhooks if "webhooks" in kept else ():
        take_webhook_over(act, hook.webhook_id, act.actor_id)
    for key in made.keys if "keys" in kept else ():
        key.author_id = act.actor_id
    for one in made.passes if "passes" in kept else ():
        one.author_id = act.actor_id
    for series in made.series if "passes" in kept else ():
        series.author_id = act.actor_id
    for code in made.codes if "codes" in kept else ():
        code.author_id = act.actor_id
