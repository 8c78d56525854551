"""A form of staff from its action to its answer: done, refused, sent twice, or a page to fill in."""

from contextlib import contextmanager

import pytest
from flask import get_flashed_messages
from flask_security import login_user
from sqlalchemy import select
from wtforms import StringField
from wtforms.validators import InputRequired

from tests.support.compounds.resident import csrf_of
from web_admin.accounts.models import User
from web_admin.compound.models import Home
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.people.homes import add_home
from web_admin.web.context import press, submit
from web_admin.web.forms import OnceForm
from web_admin.web.page import to

ONCE = "a-token-of-one-form"
HOMES = "/manage/people/homes/new"


class NumberForm(OnceForm):
    class Meta:
        csrf = False

    number = StringField(validators=[InputRequired("Type the number.")])


@contextmanager
def sent(compound, **fields):
    """Return the form of a request that the manager sent."""
    with compound.app.test_request_context("/manage/", method="POST", data={"once": ONCE, **fields}):
        accounts = select(User).where(User.email == "manager@example.org")
        login_user(request_session().scalars(accounts).one(), authn_via=["password", "authenticator"])
        yield NumberForm()


def homes(number):
    return len(request_session().scalars(select(Home).where(Home.number == number)).all())


def adds_9_901(act):
    return add_home(act, "9-901")


def begins_and_is_refused(act):
    add_home(act, "9-902")
    raise ActionRefused("number", "This number is taken.")


def flashed():
    return get_flashed_messages(with_categories=True)


def test_a_form_is_done_once_says_so_and_leads_on(compound):
    with sent(compound, number="9-901") as form:
        back, there = to("people.show_list"), to("now.show")
        done = submit(form, adds_9_901, saved=lambda home: f"{home.number} added", back=back)
        assert (done, homes("9-901"), flashed()) == (back, 1, [("success", "9-901 added")])
        again = submit(form, adds_9_901, saved="Added.", back=back, then=lambda _home: there)
        assert (again, homes("9-901")) == (back, 1)
    assert (back.status_code, back.location) == (303, "/manage/people/")


def test_what_follows_from_the_result_takes_the_place_of_the_way_back(compound):
    with sent(compound, number="9-901") as form:
        then = submit(form, adds_9_901, back=to("now.show"), then=lambda home: f"page of {home.number}")
        assert (then, flashed()) == ("page of 9-901", [])


@pytest.mark.parametrize(
    ("fields", "reason"), [({"number": "9-902"}, "This number is taken."), ({}, "Type the number.")]
)
def test_a_refused_form_is_shown_again_with_its_reason_and_nothing_of_it_stays(compound, fields, reason):
    with sent(compound, **fields) as form:
        assert submit(form, begins_and_is_refused, saved="Added.", back=to("now.show")) is None
        assert (form.number.errors, homes("9-902"), flashed()) == ([reason], 0, [])


def test_a_refused_button_leads_back_with_its_reason(compound):
    def is_refused(act):
        raise ActionRefused(None, "It is too late.")

    with sent(compound, number="9-901") as form:
        back, elsewhere = to("now.show"), to("people.show_list")
        assert press(is_refused, back=back, form=form, refused=elsewhere) is elsewhere
        assert flashed() == [("danger", "It is too late.")]


def test_a_page_keeps_what_was_done_and_says_it_on_the_next_page_alone(compound):
    client = compound.signed_in()
    form = {"csrf_token": csrf_of(client.get(HOMES).text), "number": "9-901"}
    added = client.post(HOMES, data=form)
    assert added.status_code == 303
    shown = [client.get(added.location) for _time in range(2)]
    assert [page.status_code for page in shown] == [200, 200]
    assert ["Home 9-901 was added." in page.text for page in shown] == [True, False]
    refused = client.post(HOMES, data=form)
    assert (refused.status_code, "9-901" in refused.text) == (422, True)
