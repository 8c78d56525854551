"""Go on from the page of what an act takes from people, as the person does who has read it."""

import html
import re
from dataclasses import replace

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gate_controller.contract.calendars import Span
from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.resident import csrf_of
from web_admin.gates.hours import save_hours
from web_admin.people.actions import GrantSpec, set_grants

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


def pass_on_weekdays(compound: ManagedCompound, *names: str) -> str:
    """Let these people pass the north gate on weekdays from 7 to 18 alone; return the id of the hours."""
    with compound.act("manager") as act:
        hours_id = save_hours(act, None, "Weekdays", [Span(WEEKDAYS, 7 * 60, 18 * 60)]).hours_id
        asked = replace(act, because="asked")
        for name in names:
            set_grants(asked, compound.persons[name], [GrantSpec(("north-in", "north-out"), hours_id)])
    return hours_id


def is_preview(answer: TestResponse) -> bool:
    """Return whether an answer is the page of what an act takes from people."""
    return "data-act-preview" in answer.text


def go_on(client: FlaskClient, preview: TestResponse, **fields: str) -> TestResponse:
    """Press the button of the page of what an act takes from people."""
    assert is_preview(preview), preview.text
    form = preview.text.partition("data-act-preview")[2].partition("</form>")[0]
    action = re.search(r'action="([^"]*)" data-act-preview', preview.text)
    assert action is not None
    data: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form):
        data.setdefault(html.unescape(name), []).append(html.unescape(value))
    data["csrf_token"] = [csrf_of(preview.text)]
    # Where it keeps people out, the page asks why: the first reason of its list.
    reasons = re.findall(r'<option value="(\w+)">', form)
    data |= {"lock_out": reasons[:1]} if reasons else {}
    words = re.findall(r'for="typed-word">[^“<]*“([^”]+)”', form)
    data |= {"typed_word": words} if words else {}
    data |= {name: [value] for name, value in fields.items()}
    return client.post(html.unescape(action[1]), data=data)


def done(client: FlaskClient, answer: TestResponse) -> TestResponse:
    """Return the answer to a form, after the page of what it takes where there is one."""
    return go_on(client, answer) if is_preview(answer) else answer
