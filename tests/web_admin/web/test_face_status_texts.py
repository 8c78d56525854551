"""Every text that says how often a face is not recognised says it of the threshold that gates use."""

from pathlib import Path

import msgspec
import pytest
from flask.testing import FlaskClient

from gate_controller.contract.messages import FaceStatus
from gate_controller.face.engines.engines import DEFAULT_ENGINE
from gate_controller.face.engines.error_budget import BESIDE_ANOTHER_WAY, fitness
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Gate
from web_admin.custody.models import GateFaceRow
from web_admin.web.face_status_texts import face_sentences

ROOT = Path(__file__).parents[3]
SEARCH, BESIDE = fitness(YUNET_SFACE_CARD).point, fitness(YUNET_SFACE_CARD, BESIDE_ANOTHER_WAY).point
((LOOKS, OF_LOOKS),) = SEARCH.missed_of_looks
ONE, MORE, LOWER = (
    f"{share * 100:.1f}" for share in (SEARCH.missed_by_person, OF_LOOKS, BESIDE.missed_by_person)
)
AT, BELOW = f"{SEARCH.min_face_similarity:.3f}", f"{BESIDE.min_face_similarity:.3f}"


def gate_page(language: str, compound: Compound) -> str:
    """Return what the office's page of a gate says of a search at the engine's own threshold."""
    status = FaceStatus(
        engine=DEFAULT_ENGINE,
        trouble="",
        min_face_similarity=SEARCH.min_face_similarity,
        faces_held=1,
        usable=1,
        alone_limit=17,
        alone=True,
        min_beside_similarity=BESIDE.min_face_similarity,
        only_beside=False,
    )
    row = GateFaceRow(gate_id="north", status=msgspec.to_builtins(status))
    with compound.app.test_request_context(headers={"Accept-Language": language}):
        return "\n".join(map(str, face_sentences(Gate(without_face=False), row)))


@pytest.mark.wide
@pytest.mark.parametrize(
    ("language", "of_everyone", "of_three", "of_residents", "more"),
    [
        (
            "en",
            "{} % of owners",
            "With 3 scans: {} %.",
            "about {} of 100 tries fail",
            "at theirs it may be more",
        ),
        ("zh", "约有 {} 次认不出", "录入 3 次时：{} 次。", "约有 {} 次认不出", "认不出的可能更多"),
    ],
)
def test_public_page_and_phone_say_what_is_missed_at_the_gates_own_threshold(
    small_compound: Compound,
    phone: FlaskClient,
    language: str,
    of_everyone: str,
    of_three: str,
    of_residents: str,
    more: str,
) -> None:
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")
    press(phone, "/language", seen_on="/r/", language=language, next="/r/")
    public, mine = phone.get("/policy/biometrics").text, phone.get("/r/face").text
    assert (
        public.index(of_everyone.format(LOWER)) < public.index(more) < public.index(of_everyone.format(ONE))
    )
    assert public.index(of_everyone.format(ONE)) < public.index(of_three.format(MORE))
    assert of_residents.format(ONE) in mine
    assert MORE in mine


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_office_reads_it_beside_the_threshold_of_its_gate(
    small_compound: Compound, language: str
) -> None:
    said = gate_page(language, small_compound)
    assert AT in said
    assert ONE in said
    assert MORE in said


def test_the_card_says_it_in_the_sentence_that_check_log_and_models_print() -> None:
    assert f"missed in {ONE}% of tries ({MORE}% with {LOOKS} looks)" in fitness(YUNET_SFACE_CARD).sentence
    assert f"missed in {LOWER}% or more of tries" in fitness(YUNET_SFACE_CARD, BESIDE_ANOTHER_WAY).sentence


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("docs/face.md", f"| 0.491 | {AT} | {ONE} % with one look, {MORE} % with three (at {AT}) |"),
        ("docs/face.md", f"| {AT} | once in 1,755 | {ONE} % by person, {MORE} % with three looks |"),
        ("docs/face.md", f"| {BELOW} | once in 1,754 | {LOWER} % by person or more |"),
        ("docs/face.md", f"{ONE} % of tries missed with one look and {MORE} % with three"),
        (
            "docs/decisions/face_beside_other_ways.md",
            f"(similarity {AT}; of an owner's tries {ONE} % are missed with one look, {MORE} % with three)",
        ),
        ("docs/decisions/face_beside_other_ways.md", f"({BELOW}; {LOWER} % or more)"),
        ("docs/residents.md", f"{ONE} of 100 tries"),
        ("docs/zh/residents.md", f"每 100 次约有 {ONE} 次认不出"),
        ("docs/managers.md", f"{ONE} of 100 tries"),
        ("docs/zh/managers.md", f"每 100 次约有 {ONE} 次认不出"),
        ("README.md", f"misses {ONE} of 100 tries"),
        ("CHANGELOG.md", f"{LOWER} % or more of tries missed instead of {ONE} %"),
    ],
)
def test_the_pages_of_the_documentation_say_the_same(page: str, line: str) -> None:
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert " ".join(line.split()) in text
