"""Refusals of the forms of a page are summed up once, in the order of the page."""

from flask import Flask

from web_admin.web.problems import Problem, note_problem, noted_problems


def test_refusals_are_summed_up_in_the_order_of_the_page_and_write_nothing() -> None:
    with Flask(__name__).test_request_context():
        assert noted_problems() == []
        assert [note_problem("Choose a day.", "day"), note_problem("Choose a time.", "time")] == ["", ""]
        assert noted_problems() == [Problem("Choose a day.", "day"), Problem("Choose a time.", "time")]


def test_the_same_sentence_beside_two_fields_is_named_twice_and_of_a_whole_form_once() -> None:
    with Flask(__name__).test_request_context():
        for place in ("from", "until", ""):
            note_problem("Choose a time.", place)
        assert [problem.place for problem in noted_problems()] == ["from", "until"]


def test_the_next_page_begins_without_any() -> None:
    app = Flask(__name__)
    with app.test_request_context():
        note_problem("Choose a day.")
    with app.test_request_context():
        assert noted_problems() == []
