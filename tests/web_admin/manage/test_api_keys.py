"""The manager's page of keys for other systems."""

import pytest
from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.resident import csrf_of
from web_admin.accounts.models import ApiKey
from web_admin.core.database import current_menjin


def keys_of(compound):
    with compound.app.app_context(), current_menjin().database.session() as session:
        return session.scalars(select(ApiKey)).all()


def sent(client, **fields):
    page = client.get("/manage/keys/new").text
    once = page.partition('name="once"')[2].partition('value="')[2].partition('"')[0]
    return {"csrf_token": csrf_of(page), "once": once, "name": "Courier", "days": "90", **fields}


@pytest.mark.wide
def test_a_key_is_made_shown_once_works_and_is_ended(compound):
    client = compound.signed_in()
    form = sent(client, scopes=["passes:read", "events:read"])
    shown = client.post("/manage/keys/new", data=form).text
    key = shown.partition(">mjk_")[2].partition("<")[0]
    (row,) = keys_of(compound)
    assert (row.name, row.scopes) == ("Courier", ["passes:read", "events:read"])
    listed = client.get("/manage/keys/").text
    assert ("Courier" in listed, key in listed) == (True, False)
    caller = compound.app.test_client()
    call = {"Authorization": f"Bearer mjk_{key}"}
    assert caller.get("/api/v1/passes", headers=call).status_code == 200
    end = client.post(f"/manage/keys/{row.key_id}/end", data=sent(client))
    assert done(client, end).status_code == 303
    assert caller.get("/api/v1/passes", headers=call).status_code == 401


@pytest.mark.wide
def test_sending_the_form_twice_makes_one_key_and_a_form_without_a_tick_says_what_is_missing(compound):
    client = compound.signed_in()
    form = sent(client, scopes=["people:read"])
    assert client.post("/manage/keys/new", data=form).status_code == 200
    assert client.post("/manage/keys/new", data=form).status_code == 303
    assert len(keys_of(compound)) == 1
    bare = client.post("/manage/keys/new", data=sent(client, name="Kept name"))
    assert bare.status_code == 422
    assert ("Choose at least one thing" in bare.text, "Kept name" in bare.text) == (True, True)


def test_a_nul_in_an_address_or_a_form_is_a_clear_no(compound):
    client = compound.signed_in()
    assert client.get("/manage/people/%00").status_code == 400
    assert client.post("/manage/keys/new", data=sent(client, name="a\0b")).status_code == 400
