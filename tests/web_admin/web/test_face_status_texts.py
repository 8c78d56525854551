"""Every text that says how often a face is not recognised says it of the threshold that gates use."""

from pathlib import Path

import msgspec
import pytest
from flask.testing import FlaskClient

from gate_controller.contract.messages import FaceStatus
from gate_controller.face.engines.engines import DEFAULT_ENGINE
from gate_controller.face.engines.error_budget import BESIDE_ANOTHER_WAY, LARGEST_HOME, fitness
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Gate
from web_admin.custody.models import GateFaceRow
from web_admin.web.face_status_texts import face_sentences

ROOT = Path(__file__).parents[3]
SEARCH, BESIDE = (
    {looks: fitness(YUNET_SFACE_CARD, searched, looks).point for looks in (1, 2, 3)}
    for searched in (LARGEST_HOME, BESIDE_ANOTHER_WAY)
)
MISSED_IN_A_SEARCH, MISSED_BESIDE = ("7.0", "2.4", "1.5"), ("2.1", "0.37", "0.42")


def gate_page(language: str, compound: Compound, beside: float | None = None) -> str:
    """Return what the office's page of a gate says of a search at the engine's own thresholds."""
    status = FaceStatus(
        engine=DEFAULT_ENGINE,
        trouble="",
        min_face_similarity=SEARCH[1].min_face_similarity,
        faces_held=1,
        usable=1,
        alone_limit=17,
        alone=True,
        min_beside_similarity=beside or BESIDE[1].min_face_similarity,
        only_beside=False,
    )
    row = GateFaceRow(gate_id="north", status=msgspec.to_builtins(status))
    with compound.app.test_request_context(headers={"Accept-Language": language}):
        return "\n".join(map(str, face_sentences(Gate(without_face=False), row)))


def test_the_figures_said_are_those_of_the_shipped_measurement() -> None:
    for points, said in ((SEARCH, MISSED_IN_A_SEARCH), (BESIDE, MISSED_BESIDE)):
        for point, share in zip(points.values(), said, strict=True):
            assert point.missed_by_person * 100 == pytest.approx(float(share), rel=0.03)


@pytest.mark.wide
@pytest.mark.parametrize(
    ("language", "of_everyone", "of_several", "of_residents"),
    [
        ("en", "{} % of owners", "With {} scans: {} %.", "about {} of 100 tries fail"),
        ("zh", "约有 {} 次认不出", "录入 {} 次时：{} 次。", "约有 {} 次认不出"),
    ],
)
def test_public_page_and_phone_say_what_is_missed_at_the_gates_own_thresholds(
    small_compound: Compound,
    phone: FlaskClient,
    language: str,
    of_everyone: str,
    of_several: str,
    of_residents: str,
) -> None:
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")
    press(phone, "/language", seen_on="/r/", language=language, next="/r/")
    public, mine = phone.get("/policy/biometrics").text, phone.get("/r/face").text
    places = [
        public.index(sentence)
        for one, two, three in (MISSED_BESIDE, MISSED_IN_A_SEARCH)
        for sentence in (of_everyone.format(one), of_several.format(2, two), of_several.format(3, three))
    ]
    assert places == sorted(places)
    assert of_residents.format(MISSED_IN_A_SEARCH[0]) in mine
    assert MISSED_IN_A_SEARCH[2] in mine


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_office_reads_it_beside_the_threshold_of_its_gate(
    small_compound: Compound, language: str
) -> None:
    said = gate_page(language, small_compound)
    assert all(f"{share} %" in said for share in MISSED_IN_A_SEARCH)
    assert all(f"{point.min_face_similarity:.3f}" in said for point in SEARCH.values())


def test_nothing_is_said_of_the_misses_of_a_gate_with_other_thresholds(small_compound: Compound) -> None:
    assert "2.4 %" not in gate_page("en", small_compound, beside=0.437)


def test_the_card_says_it_in_the_sentence_that_check_log_and_models_print() -> None:
    search, beside = (
        fitness(YUNET_SFACE_CARD).sentence,
        fitness(YUNET_SFACE_CARD, BESIDE_ANOTHER_WAY).sentence,
    )
    assert "missed in 7.03% of tries; with 2 looks at 0.481 in 2.37% of tries" in search
    assert "missed in 2.09% of tries; with 2 looks at 0.401 in 0.37% of tries" in beside


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("docs/face.md", "| 1 | 0.506 | 7.0 % (5.6–8.5) | 0.426 | 2.1 % (1.2–3.2) |"),
        ("docs/face.md", "| 2 | 0.481 | 2.4 % (1.1–3.8) | 0.401 | 0.37 % (0.07–0.81) |"),
        ("docs/face.md", "| 3 | 0.476 | 1.5 % (0.5–2.8) | 0.394 | 0.42 % (0.10–0.88) |"),
        ("docs/face.md", "| 0.506 | once in 1,755 | 7.0 % |"),
        ("docs/face.md", "| 0.426 | once in 1,754 | 2.1 % |"),
        (
            "docs/decisions/face_beside_other_ways.md",
            "(similarity 0.506; of an owner's tries 7.0 % are missed with one look, 1.5 % with three)",
        ),
        ("docs/decisions/face_beside_other_ways.md", "(0.426; 2.1 %)"),
        ("docs/face_engines.md", "7.0 % with one look, 2.4 % with two, 1.5 % with three"),
        ("docs/residents.md", "7.0 of 100 tries fail with one look, 2.4 with two, 1.5 with three"),
        ("docs/zh/residents.md", "每 100 次约有 7.0 次认不出；录入两次时约 2.4 次，三次时约 1.5 次"),
        ("docs/managers.md", "7.0 of 100 tries with one look, in 2.4 with two, in 1.5 with three"),
        ("docs/zh/managers.md", "每 100 次约有 7.0 次认不出；录入两次的约 2.4 次，三次的约 1.5 次"),
    ],
)
def test_the_pages_of_the_documentation_say_the_same(page: str, line: str) -> None:
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert " ".join(line.split()) in text
