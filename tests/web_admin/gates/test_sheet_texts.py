"""Every sentence about a lane sheet is the gate's own, word for word."""

import pytest

from gate_controller.contract.lane_sheet import SHEET_RULES, Finding
from web_admin.gates.sheet_texts import SENTENCES, finding_text

pytestmark = pytest.mark.publishing


def test_every_sentence_is_the_gates_own_word_for_word() -> None:
    assert {code: str(sentence) for code, sentence in SENTENCES.items()} == {
        code: rule.sentence for code, rule in SHEET_RULES.items()
    }
    numbers = {"height": 1, "limit": 2, "width": 3, "days": 4, "said": "a", "known": "b", "methods": "qr"}
    for code in SHEET_RULES:
        finding = Finding(code, False, numbers)
        sentence = finding.text.removesuffix(f" (rule {finding.rule})")
        assert str(finding_text(finding)) == sentence.replace("Missing: qr.", "Missing: QR code.")
