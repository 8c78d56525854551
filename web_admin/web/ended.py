"""Have back for a day what an act of the office ended by mistake: as it was read before the act."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from gate_controller.contract.records import CredentialKind
from web_admin.accounts.api_keys import reopen_api_key
from web_admin.accounts.models import ApiKey, User
from web_admin.accounts.staff import profile_of, reopen_account, staff_accounts, staff_id
from web_admin.action.base import Action
from web_admin.action.lookups import credential_of
from web_admin.core.database import current_menjin
from web_admin.core.orm import Base
from web_admin.credentials.actions import take_end_back
from web_admin.credentials.emergency_codes import reopen_emergency_code
from web_admin.credentials.lifecycle import live_credentials
from web_admin.credentials.models import EmergencyCode
from web_admin.later.past import ENDS_UNDONE_FOR
from web_admin.messages.actions import reopen_webhook, take_webhook_over
from web_admin.messages.models import MailServer, Webhook
from web_admin.messages.queries import authors_of_webhooks
from web_admin.settings.actions import save_mail_server
from web_admin.visitors.actions import reopen_pass
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.weekly import reopen_series
from web_admin.web.closing import made_by
from web_admin.web.inverse import Args, Inverse

TITLES_OF_ENDS: Mapping[str, LazyString] = {
    "api_keys.end": _l("Key of another system ended"),
    "cards.end": _l("End of a card, PIN or phone"),
    "emergency.end": _l("Emergency code ended"),
    "settings.remove_mail": _l("Mail server removed"),
    "staff.close": _l("Staff account closed"),
    "webhooks.remove": _l("Webhook removed"),
}


class _Credential(msgspec.Struct, frozen=True):
    state: str
    suspended_by: str
    of: str = ""


class _Made(msgspec.Struct, frozen=True):
    """Something that an account made: its name and its author, another one once it is handed over."""

    name: str
    author: str


def _key(act: Action, args: Args) -> Mapping[str, object]:
    row = act.session.get_one(ApiKey, args["key_id"])
    return {row.key_id: {"name": row.name, "ended_at": row.ended_at}}


def _code(act: Action, args: Args) -> Mapping[str, object]:
    row = act.session.get_one(EmergencyCode, args["credential_id"])
    return {row.credential_id: {"name": row.label, "ended_at": row.ended_at}}


def _webhook(act: Action, args: Args) -> Mapping[str, object]:
    row = act.session.get_one(Webhook, args["webhook_id"])
    return {row.webhook_id: {"name": row.name, "ended_at": row.ended_at}}


def _mail(act: Action, _args: Args) -> Mapping[str, object]:
    row = act.session.get(MailServer, act.site_id)
    if row is None:
        return {}
    names = ("host", "port", "security", "username", "sender")
    return {act.site_id: {name: getattr(row, name) for name in names}}


def _put_mail(act: Action, _args: Args, _site_id: str, value: Any) -> None:
    save_mail_server(act, **value, named=current_menjin().config.mail_server)


def _credentials(act: Action, args: Args) -> Mapping[str, object]:
    """Read a credential, and with a PIN the one for duress, which ends beside it and has no name."""
    one = credential_of(act, args["credential_id"])
    if one.kind == CredentialKind.QR:  # its owner may have ended all other phones since, and makes a new code
        return {}
    beside = live_credentials(act, one.person_id, one.kind, duress=True) if not one.duress else []
    shown = _Credential(one.state, one.suspended_by, one.person.display_name)
    return {
        one.credential_id: shown,
        **{row.credential_id: _Credential(row.state, row.suspended_by) for row in beside},
    }


def _put_credential(act: Action, _args: Args, credential_id: str, value: object) -> None:
    was = msgspec.convert(value, _Credential)
    take_end_back(act, credential_id, was.state, was.suspended_by)


def _name(_key: str, value: Any) -> str:
    return next((str(value[name]) for name in ("name", "of", "host", "email") if value.get(name)), "")


def _simple(read: Any, reopen: Any) -> Inverse:
    """Return the inverse of an end that one action takes back."""
    return Inverse(read, lambda act, _args, key, _value: reopen(act, key), _name, ENDS_UNDONE_FOR)


def _reopen_key(act: Action, key_id: str) -> None:
    reopen_api_key(act, key_id)
    _hand_over(act, act.session.get_one(ApiKey, key_id))


def _reopen_code(act: Action, credential_id: str) -> None:
    reopen_emergency_code(act, credential_id)
    _hand_over(act, act.session.get_one(EmergencyCode, credential_id))


def _reopen_hook(act: Action, webhook_id: str) -> None:
    reopen_webhook(act, webhook_id)
    if _is_closed(act, authors_of_webhooks(act.session, act.site_id).get(webhook_id, "")):
        take_webhook_over(act, webhook_id, act.actor_id)


def _hand_over(act: Action, row: ApiKey | EmergencyCode) -> None:
    """Make the account that undoes the author where the author's was closed, so that its closing lists it."""
    if _is_closed(act, row.author_id):
        row.author_id = act.actor_id


def _is_closed(act: Action, author_id: str) -> bool:
    return author_id in {staff_id(one.id) for one in staff_accounts(act.session) if not one.active}


def _account(act: Action, args: Args) -> Mapping[str, object]:
    """Read an account that may sign in, and what it made that goes on without it; nothing of a closed one."""
    account = act.session.get_one(User, int(args["account_id"]))
    if not account.active:
        return {}
    made = made_by(act, account.id)
    return {
        **{f"key:{row.key_id}": _Made(row.name, row.author_id) for row in made.keys},
        **{f"series:{row.series_id}": _Made(row.label, row.author_id or "") for row in made.series},
        **{f"pass:{row.pass_id}": _Made(row.label, row.author_id or "") for row in made.passes},
        **{f"webhook:{row.webhook_id}": _Made(row.name, staff_id(account.id)) for row in made.webhooks},
        **{f"code:{row.credential_id}": _Made(row.label, row.author_id) for row in made.codes},
        f"account:{account.id}": {"email": account.email},
    }


def _put_made(act: Action, args: Args, key: str, value: object) -> None:
    """Have an account back, or what it made: what was handed over, and what ended in the same act."""
    kind, _colon, one_id = key.partition(":")
    if kind == "account":
        reopen_account(act, int(one_id))
        return
    was = msgspec.convert(value, _Made)
    table, reopen = _MADE[kind]
    row: Any = act.session.get_one(table, one_id)
    profile = profile_of(act.session, int(args["account_id"]))
    ended_at = row.withdrawn_at if kind in ("series", "pass") else row.ended_at
    if profile is not None and ended_at is not None and ended_at == profile.closed_at:
        reopen(act, one_id)
    if was.author and ended_at in (None, profile.closed_at if profile is not None else None):
        _give_back(act, row, was.author)


def _give_back(act: Action, row: Any, author_id: str) -> None:
    if not isinstance(row, Webhook):
        row.author_id = author_id
    elif authors_of_webhooks(act.session, act.site_id).get(row.webhook_id) != author_id:
        take_webhook_over(act, row.webhook_id, author_id)


_MADE: Mapping[str, tuple[type[Base], Callable[[Action, str], None]]] = {
    "key": (ApiKey, reopen_api_key),
    "series": (VisitorSeriesRow, reopen_series),
    "pass": (VisitorPassRow, reopen_pass),
    "webhook": (Webhook, reopen_webhook),
    "code": (EmergencyCode, reopen_emergency_code),
}
ENDED: Mapping[str, Inverse] = {
    "api_keys.end": _simple(_key, _reopen_key),
    "cards.end": Inverse(_credentials, _put_credential, _name, ENDS_UNDONE_FOR),
    "emergency.end": _simple(_code, _reopen_code),
    "settings.remove_mail": Inverse(_mail, _put_mail, _name, ENDS_UNDONE_FOR),
    "staff.close": Inverse(_account, _put_made, _name, ENDS_UNDONE_FOR),
    "webhooks.remove": _simple(_webhook, _reopen_hook),
}
