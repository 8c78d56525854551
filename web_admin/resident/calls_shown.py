"""Show the page of the calls from gates, also with what was refused; no routes."""

from collections.abc import Mapping
from datetime import datetime

from flask import render_template, request

from web_admin.calls.allowed_numbers import settings_of
from web_admin.calls.missed import calls_of_home
from web_admin.calls.models import HomeCallWishes
from web_admin.calls.monthly_tests import UNREACHED
from web_admin.calls.numbers import numbers_of_person
from web_admin.calls.reach import called_persons, is_called, wishes_of
from web_admin.calls.telephone_tasks import PROOF_LASTS, own_test
from web_admin.calls.texts import TEST_RESULTS
from web_admin.calls.wishes import may_be_called
from web_admin.compound.age_bands import ADULT
from web_admin.messages.push_delivery import CALL
from web_admin.messages.push_phones import Owner, listed, phones_of, public_key
from web_admin.resident.blueprint import signed_in, site_of
from web_admin.visitors.reach import gates_open_to
from web_admin.web.gate_sets import LONG_LIST

ORDERS: Mapping[str, tuple[str, ...]] = {
    "pages_first": ("page", "telephone"),
    "telephones_first": ("telephone", "page"),
    "pages": ("page",),
    "telephones": ("telephone",),
}
"""Choices for the steps of the order of reach before the guard."""


def page_of_calls(errors: Mapping[str, str] | None = None) -> str:
    """Return the page, with what was refused beside its field."""
    person, act = signed_in()
    home_id = person.home_id if person.kind == "resident" else None
    rings_for = person.home_id if is_called(act.session, person) else home_id
    row = None if rings_for is None else wishes_of(act.session, rings_for)
    phones = [one for one in phones_of(act.session, Owner(person_id=person.person_id)) if CALL in one.kinds]
    numbers = numbers_of_person(act.session, act.sealer, person.person_id)
    called = [] if rings_for is None else called_persons(act.session, rings_for)
    rings = bool(phones) or any(one.is_proved and one.is_listed for one in numbers)
    return render_template(
        "resident/calls.html",
        person=person,
        site=site_of(person),
        lives_here=home_id is not None,
        may_choose=home_id is not None and person.age_band == ADULT,
        wishes=row,
        order=_order(row),
        dnd_until=_dnd_until(row, act.now),
        past=[] if home_id is None else calls_of_home(act.session, person, act.now),
        people=[] if home_id is None else may_be_called(act, home_id),
        called=called,
        nothing_rings=person.person_id in called and not rings,
        gates=gates_open_to(act.session, person, act.now),
        long_list=LONG_LIST,
        numbers=numbers,
        asked_before=[one.number_id for one in numbers if act.now - one.created_at > PROOF_LASTS],
        has_telephones=settings_of(act.session, act.site_id).has_telephones,
        phones=listed(phones),
        push_key=public_key(act.sealer, act.site_id),
        test_results=TEST_RESULTS,
        own_test=own_test(act.session, person.person_id),
        is_unreached=home_id is not None and row is not None and row.test_result in UNREACHED,
        form=request.form,
        errors=errors or {},
        tab="my_home",
    )


def _order(row: HomeCallWishes | None) -> str:
    if row is None:
        return "pages_first"
    first = tuple(step for step in row.reach if step != "guard")
    return next((name for name, steps in ORDERS.items() if steps == first), "pages_first")


def _dnd_until(row: HomeCallWishes | None, now: datetime) -> datetime | None:
    """Return until when no call comes, None where they come."""
    until = None if row is None else row.dnd_until
    return until if until is not None and until > now else None
