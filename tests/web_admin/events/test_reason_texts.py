"""Every reason has its sentences, here and in the documentation."""

from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

from gate_controller.rules.decision import Reason
from web_admin.events.reason_texts import REASON_TEXTS, for_resident, for_staff, what_to_do

PAGE = Path(__file__).parents[3] / "docs/reasons.md"


@pytest.fixture
def english() -> Flask:
    app = Flask("words")
    Babel(app)
    return app


def test_every_reason_has_its_three_sentences() -> None:
    assert set(REASON_TEXTS) == set(Reason)


def test_the_page_for_readers_says_the_same(english: Flask) -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    with english.test_request_context():
        wanted = [
            f"| `{reason.value}` | {text.resident} | {text.staff} | {text.to_do} |"
            for reason, text in REASON_TEXTS.items()
        ]
    assert rows == wanted


def test_a_reason_of_a_newer_gate_is_named_and_not_guessed(english: Flask) -> None:
    with english.test_request_context():
        assert str(for_resident("moon_phase")) == "The gate said: moon_phase."
        assert str(for_staff("moon_phase")) == "A reason this version does not know: moon_phase."
        assert str(what_to_do("moon_phase")) == "Ask the property office."
