"""Each act of the office that publishes the policy is held back where it takes something, or says why not."""

import ast
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask import g, request

import web_admin.manage
from tests.web_admin.every_page.form_walk import Forms, Walk
from web_admin.policy.effects import PolicyEffects
from web_admin.web import context
from web_admin.web.acts import FOR_LATER

SHOWN_OTHERWISE = {
    "now.set_posture": "a danger cannot wait, but out of use is shown first",
    "now.hold_open": "a lane that is held open for a move lets everyone pass",
    "now.lockdown": "a lockdown cannot wait: shown after",
    "cards.suspend": "a lost card cannot wait: shown after",
    "cards.end": "a lost card cannot wait; for other reasons it is shown first",
    "person_face.write_down": "a no takes nothing; a face that is given up is shown first",
    "restore.decide_one": "a stolen gate cannot wait; what else is decided is shown first",
    "lost_card.stop": "a lost card cannot wait: shown after",
    "person.suspend": "a danger cannot wait: shown after",
    "suspensions.confirm": "the list names whom it concerns and why; a danger cannot wait: shown after",
    "card_batches.name_holder": "the card stays in its home, and opens all the while",
    "gates_out_of_use.take": "its page names what follows",
    "person.leave": "its page names what ends",
    "moving.leave": "its page names what ends",
}
NOT_SHOWN = {
    "now.clear_posture": "ends what was set until an end",
    "now.end_lockdown": "ends what was set until an end",
    "lost_card.stop_number": "the answer is the same for every number, known or not",
    "desk.end": "no act on the policy: the visit at the desk",
}
BEGINS_AT_ONCE = {
    "api_keys.end": "a key that leaked cannot wait",
    "assessments.edit": "it is written down when it is decided",
    "card_batch.put_in_place": "the card lies on the reader",
    "cards.give": "the card is handed over",
    "consent_desk.correct_age": "corrects what is so already",
    "emergency.end": "a danger cannot wait",
    "emergency.new": "a danger cannot wait, and its codes are shown once",
    "gates.tampering_cleared": "someone has looked at the gate",
    "moving.staff": "adds a person who is there",
    "people.new_person": "adds a person who is there",
    "person.give_pin": "the PIN is shown once",
    "person.send_invitation": "the invitation ends soon",
    "privacy.ask_for": "people are asked from now on",
    "privacy.edit_notice": "people read it from now on",
    "privacy.switch_face": "an end of faces cannot wait",
    "restored.decide_one": "gates wait for the answer",
    "restored.keep": "gates wait for the answer",
    "settings.edit_site": "how the site is called",
    "sheets.edit": "the lane was measured at the gate",
    "staff.close": "an account that ends cannot wait",
    "visitors.new": "a pass has a time of its own",
    "visitors.withdraw": "a pass has a time of its own",
    "weekly_visitors.withdraw": "a pass has a time of its own",
    "consent_desk.write_down": "a face is given up at once",
}
"""Acts that are compared first and may not begin later: by page, why."""
STAFF = "MGIP"
FILLED = {
    "reason": "returned",
    "label": "A label",
    "name": "A name",
    "display_name": "A name",
    "number": "7-7777",
    "note": "A note",
}


def _calls() -> dict[str, str]:
    """Return by page the argument of each form that is not shown first."""
    found = {}
    for path in sorted(Path(web_admin.manage.__file__).parent.glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            for call in ast.walk(function) if isinstance(function, ast.FunctionDef) else ():
                if isinstance(call, ast.Call) and ast.unparse(call.func) in ("submit", "press"):
                    for keyword in call.keywords:
                        if keyword.arg == "preview":
                            found[f"{path.stem}.{function.name}"] = ast.unparse(keyword.value)
    return found


def test_the_forms_that_are_not_shown_first_are_listed_with_their_reasons():
    calls = _calls()
    by_argument = {page for page, value in calls.items() if value != "preview"}
    through = {"cards.suspend", "cards.end"}  # hands it to `_change`
    assert by_argument | through == set(SHOWN_OTHERWISE)
    may_wait = "form.posture.data == 'disabled' or waits"
    assert calls["now.set_posture"] == f"'first' if {may_wait} else 'after'"
    assert calls["now.hold_open"] == "'first' if has_its_time() else 'after'"


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    walk = Walk(tmp_path_factory.mktemp("compound"))
    yield walk
    walk.compound.close()


@pytest.fixture
def published(monkeypatch):
    """Collect the endpoints that publish: True where that was compared before it was done."""
    found: dict[str, bool] = {}
    publish, held_back = PolicyEffects.publish, context.held_back

    def publishing(self, *args, **kwargs):
        g.publishes_here = True
        found.setdefault(request.endpoint, False)
        return publish(self, *args, **kwargs)

    def comparing(*args, **kwargs):
        if g.get("publishes_here"):
            found[request.endpoint] = True
        return held_back(*args, **kwargs)

    monkeypatch.setattr(PolicyEffects, "publish", publishing)
    monkeypatch.setattr(context, "held_back", comparing)
    return found


@pytest.mark.wide
def test_every_form_that_publishes_is_compared_first_or_listed(walk, published):
    for (endpoint, _names), (letter, path, index) in walk.forms().items():
        if letter in STAFF:
            walk.put_back()
            form = Forms(walk.get(letter, path).text, path).forms[index]
            blank = {name for name in {*form.names, *form.shown} if not any(form.shown.get(name, ()))}
            data = form.shown | {name: [FILLED[name]] for name in blank & FILLED.keys()}
            data.pop("when", None)  # of the button beside that lets it begin later
            walk.callers.clients[letter].post(urljoin(path, form.action), data=data)
            assert endpoint
    compared = {endpoint for endpoint, is_compared in published.items() if is_compared}
    assert set(published) - compared <= set(SHOWN_OTHERWISE) | set(NOT_SHOWN)
    assert {"hours.edit", "gates.edit_lane", "person.grants", "cards.end", "restored.keep"} <= compared
    assert compared <= FOR_LATER.keys() | BEGINS_AT_ONCE.keys(), "a title of the list, or why it has no time"


def test_pages_with_a_title_or_a_reason_to_have_none_are_pages(compound):
    named = FOR_LATER.keys() | BEGINS_AT_ONCE.keys()
    assert named <= compound.app.view_functions.keys()
    assert not FOR_LATER.keys() & BEGINS_AT_ONCE.keys()
