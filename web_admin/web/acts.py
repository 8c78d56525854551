"""Declare each act of the office that may begin later or can be undone, by its page: one row of `ACTS`.

What an act may change is read before and after it, and set again through the same actions that changed it
(`undo.py`). A page that is missing here offers nothing: a lost card stays ended.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from gate_controller.contract.calendars import Span
from gate_controller.contract.records import CredentialKind
from web_admin.accounts.models import User
from web_admin.accounts.staff import profile_of, reopen_account, staff_accounts, staff_id
from web_admin.action.base import Action
from web_admin.action.lookups import credential_of
from web_admin.compound.models import Lane, Person
from web_admin.core.database import current_menjin
from web_admin.core.job_models import JOBS_KEPT_FOR
from web_admin.credentials.actions import take_end_back
from web_admin.credentials.lifecycle import live_credentials
from web_admin.gates.actions import save_lane
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.gates.hours_in_use import remove_hours
from web_admin.gates.queries import calendar_days
from web_admin.gates.rules import LaneSpec, spec_of
from web_admin.gates.schedules import remove_schedule, set_schedule
from web_admin.later.past import ENDS_UNDONE_FOR
from web_admin.messages.models import MailServer
from web_admin.people.actions import GrantSpec, set_grants
from web_admin.people.additions import named_hours
from web_admin.people.helper_rights import helpers_of
from web_admin.settings.actions import save_mail_server
from web_admin.web.closing import MADE, author_of, give, made_by
from web_admin.web.times import local_date

Args = Mapping[str, str]
WITHIN_A_YEAR = _l("Choose a time within a year.")


@dataclass(frozen=True, slots=True)
class Inverse:
    """How to read what a page may change, by the ids of its parts, and set one part; None takes it away.

    A part is set as the `shape` that was read of it.
    """

    read: Callable[[Action, Args], Mapping[str, object]]
    put: Callable[[Action, Args, str, Any], None]
    shape: Any = Any
    name: Callable[[str, Any], str] = lambda _key, _value: ""
    """The name of a part by its id and value, where the address does not say it."""
    lasts: timedelta = JOBS_KEPT_FOR
    """How long it can be undone."""


@dataclass(frozen=True, slots=True)
class Act:
    """An act: its name on the list of planned acts, its undoing, and how far ahead it may begin."""

    title: LazyString
    inverse: Inverse | None = None
    may_begin_later: bool = True
    most_ahead: timedelta = timedelta(days=366)
    too_far: LazyString = WITHIN_A_YEAR


# -- what pages change -----------------------------------------------------------------------------------


class _Hours(msgspec.Struct, frozen=True):
    name: str
    spans: tuple[Span, ...]


class _Day(msgspec.Struct, frozen=True):
    kind: str
    name: str


class _Grants(msgspec.Struct, frozen=True):
    grants: tuple[GrantSpec, ...]


def _hours(act: Action, _args: Args) -> Mapping[str, object]:
    rows = named_hours(act.session, act.site_id)
    return {row.hours_id: {"name": row.name, "spans": row.spans} for row in rows}


def _put_hours(act: Action, args: Args, hours_id: str, was: _Hours | None) -> None:
    if was is None:
        remove_hours(act, hours_id)
        return
    is_known = hours_id in _hours(act, args)
    save_hours(act, hours_id if is_known else None, was.name, was.spans)  # what was removed gets a new id


def _days(act: Action, _args: Args) -> Mapping[str, object]:
    return {row.day.isoformat(): _Day(row.kind, row.name) for row in calendar_days(act.session, act.site_id)}


def _put_day(act: Action, _args: Args, day: str, was: _Day | None) -> None:
    kind, name = (None, "") if was is None else (was.kind, was.name)
    set_calendar_day(act, date.fromisoformat(day), kind, name)


def _schedules(act: Action, args: Args) -> Mapping[str, object]:
    return act.session.get_one(Lane, args["lane_id"]).posture_hours


def _put_schedule(act: Action, args: Args, hours_id: str, mode: str | None) -> None:
    if mode is None:
        remove_schedule(act, args["lane_id"], hours_id)
    else:
        set_schedule(act, args["lane_id"], hours_id, mode)


def _lane(act: Action, args: Args) -> Mapping[str, object]:
    return {args["lane_id"]: spec_of(act.session.get_one(Lane, args["lane_id"]))}


def _put_lane(act: Action, args: Args, _lane_id: str, was: LaneSpec) -> None:
    save_lane(act, args["gate_id"], was)


def _grants(act: Action, args: Args) -> Mapping[str, object]:
    """Read the grants of a person and of the home's helpers, which the person's own limit."""
    person = act.session.get_one(Person, args["person_id"])
    helpers = helpers_of(act.session, person.home_id) if person.home_id else ()
    return {one.person_id: _grants_of(one) for one in (person, *helpers)}


def _grants_of(person: Person) -> _Grants:
    specs = [
        GrantSpec(tuple(sorted(one.lanes)), one.hours_id, one.valid_from, one.valid_until)
        for one in person.grants
    ]
    return _Grants(tuple(sorted(specs, key=repr)))


def _put_grants(act: Action, _args: Args, person_id: str, was: _Grants) -> None:
    set_grants(act, person_id, was.grants)


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


def _put_credential(act: Action, _args: Args, credential_id: str, was: _Credential) -> None:
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

    return Inverse(read, put, name=_name, lasts=ENDS_UNDONE_FOR)


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


HOURS = Inverse(_hours, _put_hours, _Hours, lambda _hours_id, value: str(value["name"]))
DAYS = Inverse(_days, _put_day, _Day, lambda day, _value: local_date(date.fromisoformat(day)))
SCHEDULES, LANE = Inverse(_schedules, _put_schedule, str), Inverse(_lane, _put_lane, LaneSpec)
CREDENTIALS = Inverse(_credentials, _put_credential, _Credential, _name, ENDS_UNDONE_FOR)
MAIL = Inverse(_mail, _put_mail, name=_name, lasts=ENDS_UNDONE_FOR)
ACCOUNT = Inverse(_account, _put_account, name=_name, lasts=ENDS_UNDONE_FOR)

ACTS: Mapping[str, Act] = {
    "hours.new": Act(_l("New hours"), HOURS),
    "hours.edit": Act(_l("Other hours"), HOURS),
    "hours.remove": Act(_l("Hours removed"), HOURS),
    "hours.new_day": Act(_l("Special day"), DAYS),
    "hours.edit_day": Act(_l("Another special day"), DAYS),
    "hours.remove_day": Act(_l("Special day removed"), DAYS),
    "schedules.new": Act(_l("Weekly mode of a lane"), SCHEDULES),
    "schedules.remove": Act(_l("Weekly mode of a lane removed"), SCHEDULES),
    "gates.new_lane": Act(_l("New lane")),
    "gates.edit_lane": Act(_l("Lane changed"), LANE),
    "person.grants": Act(_l("Where and when a person may pass"), Inverse(_grants, _put_grants, _Grants)),
    "bulk.act": Act(_l("Act on several people")),
    "bulk.undo": Act(_l("Act on several people undone")),
    "cards.end": Act(_l("End of a card, PIN or phone"), CREDENTIALS),
    # The names of a sheet stay at the server until it begins.
    "people_import.confirm": Act(
        _l("People from a sheet"),
        most_ahead=timedelta(days=31),
        too_far=_l("Choose a time within 31 days."),
    ),
    "now.set_posture": Act(_l("Mode of a lane")),
    "now.hold_open": Act(_l("Hold open for a move")),
    "api_keys.end": Act(_l("Key of another system ended"), _end_of("key"), may_begin_later=False),
    "emergency.end": Act(_l("Emergency code ended"), _end_of("code"), may_begin_later=False),
    "settings.remove_mail": Act(_l("Mail server removed"), MAIL, may_begin_later=False),
    "staff.close": Act(_l("Staff account closed"), ACCOUNT, may_begin_later=False),
    "webhooks.remove": Act(_l("Webhook removed"), _end_of("webhook"), may_begin_later=False),
}
FOR_LATER = {page: act for page, act in ACTS.items() if act.may_begin_later}
INVERSES = {page: act.inverse for page, act in ACTS.items() if act.inverse is not None}
