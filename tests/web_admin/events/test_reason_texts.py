"""Every reason has its sentences, here and in the documentation."""

from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from gate_controller.rules.decision import Reason
from web_admin.events.reason_texts import REASON_TEXTS, for_resident, for_staff, what_to_do

DOCS = Path(__file__).parents[3] / "docs"
TRANSLATIONS = Path(__file__).parents[3] / "web_admin/translations"


@pytest.fixture
def english() -> Flask:
    app = Flask("words")
    Babel(app, default_translation_directories=str(TRANSLATIONS))
    return app


def test_every_reason_has_its_three_sentences() -> None:
    assert set(REASON_TEXTS) == set(Reason)


@pytest.mark.parametrize(("page", "language"), [("reasons.md", "en"), ("zh/reasons.md", "zh")])
def test_the_page_for_readers_says_the_same(english: Flask, page: str, language: str) -> None:
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    with english.test_request_context(), force_locale(language):
        wanted = [
            f"| `{reason.value}` | {text.staff} | {text.to_do} |" for reason, text in REASON_TEXTS.items()
        ]
    assert rows == wanted


def test_a_reason_of_a_newer_gate_is_named_and_not_guessed(english: Flask) -> None:
    with english.test_request_context():
        assert str(for_resident("moon_phase")) == "The gate said: moon_phase."
        assert str(for_staff("moon_phase")) == "A reason this version does not know: moon_phase."
        assert str(what_to_do("moon_phase")) == "Ask the property office."
