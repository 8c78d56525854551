"""Go on from the page of what an act takes from people, as the person does who has read it."""

import html
import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.compounds.resident import csrf_of


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
    data |= {name: [value] for name, value in fields.items()}
    return client.post(html.unescape(action[1]), data=data)


def done(client: FlaskClient, answer: TestResponse) -> TestResponse:
    """Return the answer to a form, after the page of what it takes where there is one."""
    return go_on(client, answer) if is_preview(answer) else answer
