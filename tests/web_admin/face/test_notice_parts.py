"""A notice in its parts: in their fixed order, and what each said in an older version."""

import pytest
from flask import Flask
from flask_babel import Babel

from web_admin.custody.models import Notice
from web_admin.face.notice_parts import notice_fields, notice_parts
from web_admin.face.notices import NOTICE_FIELDS


@pytest.fixture(autouse=True)
def in_a_page():
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


def a_notice(**changed: str) -> Notice:
    return Notice(fields={name: f"of {name}" for name in reversed(NOTICE_FIELDS)} | changed)


def test_parts_come_in_their_fixed_order_however_they_are_stored() -> None:
    assert [text for _heading, text in notice_fields(a_notice())] == [f"of {name}" for name in NOTICE_FIELDS]


def test_a_part_that_was_added_later_is_left_out_of_an_older_notice() -> None:
    older = a_notice()
    older.fields = {name: text for name, text in older.fields.items() if name != "necessity"}
    assert len(notice_parts(older)) == len(NOTICE_FIELDS) - 1


def test_only_a_changed_part_says_what_it_said_before() -> None:
    parts = notice_parts(a_notice(purpose="another purpose"), a_notice())
    assert {part.text: part.before for part in parts if part.before is not None} == {
        "another purpose": "of purpose"
    }


def test_a_notice_without_an_older_one_says_nothing_of_before() -> None:
    assert {part.before for part in notice_parts(a_notice())} == {None}
