"""Have back for a day what an act of the office ended by mistake: as it was read before the act."""

from collections.abc import Mapping
from typing import Any

import msgspec
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from gate_controller.contract.records import CredentialKind
from web_admin.accounts.models import User
from web_admin.accounts.staff import profile_of, reopen_account, staff_accounts, staff_id
from web_admin.action.base import Action
from web_admin.action.lookups import credential_of
from web_admin.core.database import current_menjin
from web_admin.credentials.actions import take_end_back
from web_admin.credentials.lifecycle import live_credentials
from web_admin.later.past import ENDS_UNDONE_FOR
from web_admin.messages.models import MailServer
from web_admin.settings.actions import save_mail_server
from web_admin.web.closing import MADE, author_of, give, made_by
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


def _end_of(table: str) -> Inverse:
    """Return the inverse of the end of one thing that an account made."""
    made = MADE[table]

    def read(act: Action, args: Args) -> Mapping[str, object]:
        row = act.session.get_one(made.table, args[made.key])
        return {args[made.key]: {"name": getattr(row, made.name), "ended_at": getattr(row, made.ended)}}

    def put(act: Action, _args: Args, key: str, _value: object) -> None:
        """Have it back; the account that undoes answers for it where its author's was closed."""
        made.reopen(act, key)
        row = act.session.get_one(made.table, key)
        closed = {staff_id(account.id) for account in staff_accounts(act.session) if not account.active}
        if author_of(act, row) in closed:
            give(act, row, act.actor_id)

    return Inverse(read, put, _name, ENDS_UNDONE_FOR)


def _account(act: Action, args: Args) -> Mapping[str, object]:
    """Read an account that may sign in, and what it made that goes on without it; nothing of a closed one."""
    account = act.session.get_one(User, int(args["account_id"]))
    if not account.active:
        return {}
    made = {f"{table}:{one_id}": {"name": name} for table, one_id, name in made_by(act, account.id)}
    return {**made, f"account:{account.id}": {"email": account.email}}


def _put_account(act: Action, args: Args, key: str, _value: object) -> None:
    """Have an account back, or what it made: what was handed over, and what ended in the same act."""
    table, _colon, one_id = key.partition(":")
    account_id = int(args["account_id"])
    if table == "account":
        reopen_account(act, account_id)
        return
    made, profile = MADE[table], profile_of(act.session, account_id)
    row = act.session.get_one(made.table, one_id)
    ended_at = getattr(row, made.ended)
    if ended_at is None or (profile is not None and ended_at == profile.closed_at):
        made.reopen(act, one_id)
        give(act, row, staff_id(account_id))


ENDED: Mapping[str, Inverse] = {
    "api_keys.end": _end_of("key"),
    "cards.end": Inverse(_credentials, _put_credential, _name, ENDS_UNDONE_FOR),
    "emergency.end": _end_of("code"),
    "settings.remove_mail": Inverse(_mail, _put_mail, _name, ENDS_UNDONE_FOR),
    "staff.close": Inverse(_account, _put_account, _name, ENDS_UNDONE_FOR),
    "webhooks.remove": _end_of("webhook"),
}
