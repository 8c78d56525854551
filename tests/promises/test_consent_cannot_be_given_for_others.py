"""Behind promise 2: no staff, bulk, upload or import path can consent, enrol or take a picture.

Walks every route of the server, every action, every command and every message. Does not cover: a person who
holds another's unlocked phone, which is theirs.
"""

import argparse
import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from itertools import product
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import StatementError

import web_admin
from gate_controller.contract import messages as sync_contract
from tests.support.acting import add_lane, by_phone, household, offer_face
from tests.support.compounds.managed import ManagedCompound
from tests.support.source import tree_of
from tests.web_admin.face.answering import answer, take
from web_admin.accounts.permissions import RESIDENT, access_of
from web_admin.action.base import Action
from web_admin.cli.main import _parser
from web_admin.compound.own_credentials import GUARDIAN, STAFF
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.custody.models import Consent, FaceShare
from web_admin.face.actions import give_face_consent
from web_admin.people.actions import add_person
from web_admin.people.members import for_home

pytestmark = [pytest.mark.publishing, pytest.mark.usefixtures("codes_hashed_quickly")]

WEB_ADMIN = Path(web_admin.__file__).parent
CONSENT_MAKERS = {"give_face_consent", "record_consent", "answer_guardian", "ask_guardians"}
"""The only functions that lead to a row of consent."""

WHO_MAY_CALL = {
    "give_face_consent": {"resident/face.py", "face/gate_answers.py"},
    "record_consent": {"face/actions.py", "face/guardian_requests.py"},
    "answer_guardian": {"resident/guardian.py"},
    "ask_guardians": {"resident/face.py"},
}
CONSENT_ROUTES = {"/r/face/yes", "/r/guardian/<request_id>/<any(yes, no):answer>"}


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Give (file, call) of each call of a function by its name."""
    for path in sorted(WEB_ADMIN.rglob("*.py")):
        for node in ast.walk(tree_of(path)):
            called = getattr(node, "func", None)
            names = (getattr(called, "id", ""), getattr(called, "attr", ""))
            if isinstance(node, ast.Call) and name in names:
                yield path.relative_to(WEB_ADMIN).as_posix(), node


@pytest.mark.parametrize("maker", sorted(CONSENT_MAKERS))
def test_only_the_residents_own_pages_and_their_gate_call_what_makes_a_consent(maker: str) -> None:
    assert {file for file, _call in calls(maker)} == WHO_MAY_CALL[maker]


def test_a_consent_row_is_made_in_one_place() -> None:
    assert {file for file, _call in calls("Consent")} == {"face/actions.py"}


def functions_that_consent(app: Flask) -> dict[str, str]:
    """Return the rule of each route whose view calls one of the makers, by endpoint."""
    found = {}
    for rule in app.url_map.iter_rules():
        source = inspect.getsource(inspect.unwrap(app.view_functions[rule.endpoint]))
        if any(f"{maker}(" in source for maker in CONSENT_MAKERS):
            found[rule.endpoint] = rule.rule
    return found


def test_the_routes_that_consent_are_two_and_residents_alone_reach_them(compound: ManagedCompound) -> None:
    routes = functions_that_consent(compound.app)
    assert set(routes.values()) == CONSENT_ROUTES
    assert {access_of(compound.app, endpoint) for endpoint in routes} == {(RESIDENT, "")}


@pytest.mark.parametrize("role", ["manager", "privacy_officer"])
@pytest.mark.first_set
def test_no_member_of_staff_can_press_any_button_into_a_consent(compound: ManagedCompound, role: str) -> None:
    compound.app.config["WTF_CSRF_ENABLED"] = False
    client = compound.signed_in(role)
    person_id = compound.persons["王芳"]
    for rule in list(compound.app.url_map.iter_rules()):
        if "POST" in rule.methods and not rule.rule.startswith("/staff"):
            path = re.sub(r"<any\(([a-z]+)[^>]*>", r"\1", rule.rule)
            path = re.sub(r"<[^>]*>", person_id, path)
            answers = {"answer": "yes", "face": "on", "notice_version": "1", "language": "zh", "consent": "1"}
            client.post(path, data={"once": "x" * 20, "person_id": person_id, **answers})
    with compound.app.app_context(), compound.app.extensions["menjin"].database.session() as session:
        assert session.scalars(select(Consent)).all() == []
        assert session.scalars(select(FaceShare)).all() == []


TAKEN = re.compile(r"\.csv|\.svg")
"""Tables of people, and the compound's logo: a drawing, rebuilt from its shapes without a pixel."""


def test_every_file_input_takes_tables_of_people_or_a_drawn_logo_and_nothing_else() -> None:
    inputs = [
        (path.name, found)
        for path in sorted((WEB_ADMIN / "templates").rglob("*.html"))
        for found in re.findall(r"<input[^>]*type=.file.[^>]*>", path.read_text(encoding="utf-8"))
    ]
    fields = [
        (file, ast.unparse(call)) for kind in ("FileField", "MultipleFileField") for file, call in calls(kind)
    ]
    assert [where for where, html in inputs if not TAKEN.search(html)] == []
    assert [where for where, call in fields if not TAKEN.search(call)] == []
    assert len(inputs) + len(fields) >= 1


MICROPHONE = re.compile(r"getUserMedia\(\{ audio: [^;\n]*\}\)")
"""Of who answered a call, for the visitor at the gate; it asks for sound alone."""


def test_no_page_or_script_opens_a_camera_or_draws_a_picture_of_a_person() -> None:
    texts = {
        path.name: MICROPHONE.sub("", path.read_text(encoding="utf-8"))
        for path in sorted(WEB_ADMIN.rglob("*"))
        if path.suffix in (".js", ".html")
    }
    opens = re.compile(r"getUserMedia|getDisplayMedia|capture=|type=.file.[^>]*image")
    assert [name for name, text in texts.items() if opens.search(text)] == []
    assert "video" not in "".join(MICROPHONE.findall("".join(texts.values())))


def commands(parser: argparse.ArgumentParser, where: str = "web") -> Iterator[tuple[str, argparse.Action]]:
    """Give every option of every command, however deep."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from commands(child, f"{where} {name}")
        else:
            yield where, action


READS = {("web certificate", "consent")}
"""Writes out what is known of the end of one."""


def test_no_command_of_the_server_consents_enrols_or_takes_a_picture() -> None:
    found = [
        (where, action.dest)
        for where, action in commands(_parser())
        if re.search(r"enrol|consent|picture|photo|image|template", f"{action.dest} {where}")
        and (where, action.dest) not in READS
    ]
    assert found == []


def test_no_message_between_gate_and_server_carries_a_consent_made_by_the_server() -> None:
    messages = [
        value
        for value in vars(sync_contract).values()
        if inspect.isclass(value) and issubclass(value, msgspec.Struct)
    ]
    made = [
        (message.__name__, field)
        for message in messages
        for field in message.__struct_fields__
        if re.search(r"enrol|image|picture|photo|template|frame|embedding", field)
    ]
    assert made == []
    assert len(messages) > 10


@pytest.mark.wide
@pytest.mark.parametrize("channel", ["manager", "desk", "system"])
def test_every_act_of_staff_that_takes_a_person_leaves_them_without_consent(
    act: Action, channel: str
) -> None:
    add_lane(act)
    offer_face(act)
    home, _ = household(act)
    by_staff = by_phone(act, "staff-1", channel)  # type: ignore[arg-type]
    called = 0
    for module in pkgutil.walk_packages([str(WEB_ADMIN)], "web_admin."):
        if module.ispkg or module.name.startswith(("web_admin.resident", "web_admin.api", "web_admin.web")):
            continue
        for name, function in inspect.getmembers(import_module(module.name), inspect.isfunction):
            parameters = list(inspect.signature(function).parameters.values())
            if function.__module__ != module.name or [p.name for p in parameters[:2]] != ["act", "person_id"]:
                continue
            called += 1
            person = add_person(act, display_name=f"Person {called}", home_id=home.home_id)
            issue_card(act, person.person_id, 1000 + called)
            guesses = {"notice_version": 1, "language": "zh", "methods": ["card", "face"], "label": "x"}
            needed = [p.name for p in parameters[2:] if p.default is inspect.Parameter.empty]
            arguments = {key: guesses.get(key, "x") for key in needed}
            try:
                with act.session.begin_nested():
                    function(by_staff, person.person_id, **arguments)
            except (ActionRefused, StatementError, TypeError, ValueError, AttributeError):
                continue
            assert act.session.scalars(select(Consent)).all() == [], name
    assert called >= 15
    person = add_person(act, display_name="Resident", home_id=home.home_id)
    issue_card(act, person.person_id, 77)
    with pytest.raises(ActionRefused, match="Only the person"):
        give_face_consent(by_staff, person.person_id, 1, "zh")


SEEN = list(product(("card", "pin"), (False, True), (None, STAFF, GUARDIAN), (False, True)))
"""(kind, whether the home gave it, who has seen it, whether it is of a minor)."""


@pytest.mark.first_set
@pytest.mark.parametrize(("kind", "known_to_home", "seen_by", "of_minor"), SEEN)
def test_a_yes_at_a_gate_is_proved_with_what_only_its_person_knows(
    act: Action, kind: str, known_to_home: bool, seen_by: str | None, of_minor: bool
) -> None:
    add_lane(act)
    offer_face(act)
    home, guardian = household(act)
    issue_card(act, guardian.person_id, 76)
    person = add_person(
        act, display_name="Resident", home_id=home.home_id, age_band="14_17" if of_minor else "adult"
    )
    issue_card(act, person.person_id, 77)
    issue_pin(by_phone(act, person.person_id), person.person_id)
    own = {row.kind: row for row in person.credentials}
    own[kind].known_to_home, own[kind].seen_by = known_to_home, seen_by
    guardians = {
        "guardian_id": guardian.person_id,
        "guardian_credential_id": guardian.credentials[0].credential_id,
    }
    take(
        act,
        answer(
            act,
            person.person_id,
            "yes",
            shown_by=kind,
            credential_id=own[kind].credential_id,
            **(guardians if of_minor else {}),
        ),
    )
    is_own = not known_to_home and seen_by != STAFF and not (of_minor and seen_by == GUARDIAN)
    assert len(act.session.scalars(select(Consent)).all()) == is_own


@pytest.mark.parametrize(("kind", "counts"), [("card", True), ("pin", False)])
def test_a_guardians_yes_is_shown_with_what_is_their_own(act: Action, kind: str, counts: bool) -> None:
    add_lane(act)
    offer_face(act)
    home, guardian = household(act)
    issue_card(act, guardian.person_id, 76)
    issue_pin(for_home(act), guardian.person_id)
    minor = add_person(act, display_name="Resident", home_id=home.home_id, age_band="14_17")
    card = issue_card(act, minor.person_id, 77)
    (shown,) = [row for row in guardian.credentials if row.kind == kind]
    take(
        act,
        answer(
            act,
            minor.person_id,
            "yes",
            credential_id=card.credential_id,
            guardian_id=guardian.person_id,
            guardian_credential_id=shown.credential_id,
        ),
    )
    assert len(act.session.scalars(select(Consent)).all()) == counts
