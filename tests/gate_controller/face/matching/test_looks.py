"""A template of one to five looks: added, compared together, dropped one by one, forgotten together."""

from pathlib import Path

import numpy as np
import pytest

from gate_controller.contract.records import MAX_LOOKS
from gate_controller.face.engines.engine import likeness, wipe
from gate_controller.face.matching.template_store import SqliteFaceBlobs
from gate_controller.face_control.reasons import FaceReason
from tests.gate_controller.face.matching.conftest import CONSENT, Gate
from tests.support.faces.fixtures import portraits


def sealed_looks(gate: Gate) -> tuple[bytes, ...]:
    return tuple(look.ciphertext[:24] for look in SqliteFaceBlobs(gate.connection).of_person("anna"))


@pytest.mark.wide
def test_a_second_look_is_added_and_both_are_compared(annas_gate: Gate) -> None:
    first = annas_gate.service.look_ids("anna")
    annas_gate.show("person_a_2")
    added = annas_gate.service.enrol("anna", CONSENT, annas_gate.request())
    assert (added.ok, added.consent_id) == (True, CONSENT)
    assert added.look_ids == annas_gate.service.look_ids("anna")
    assert (added.look_ids[:1], len(added.look_ids)) == (first, 2)
    alone = {}
    for portrait in ("person_a_1", "person_a_2"):
        annas_gate.show(portrait)
        result = annas_gate.service.recognise(["anna"], annas_gate.request())
        assert result.ok
        alone[portrait] = result.similarity or 0.0
    # Each picture is compared with the look of that day and with that of the other day.
    assert all(0.75 < similarity < 0.95 for similarity in alone.values()), alone


def test_a_stranger_is_no_more_alike_to_several_looks_than_to_the_most_alike_of_them(gate: Gate) -> None:
    pictures = portraits()
    faces = {
        name: gate.engine.embed(picture, gate.engine.find(picture)[0]) for name, picture in pictures.items()
    }
    looks = np.stack([faces["person_a_1"], faces["person_a_2"]])
    for name in ("person_b_1", "impostor_1", "impostor_2"):
        single = [likeness(gate.engine, one, faces[name]) for one in looks]
        assert min(single) <= likeness(gate.engine, looks, faces[name]) <= max(single) < 0.25
    wipe(looks)


@pytest.mark.wide
def test_a_sixth_look_takes_the_place_of_the_oldest_whose_bytes_are_gone(
    annas_gate: Gate, tmp_path: Path
) -> None:
    oldest, _ = sealed_looks(annas_gate)[0], annas_gate.service.look_ids("anna")
    for _number in range(MAX_LOOKS):
        annas_gate.clock.seconds += 10
        annas_gate.enrol("anna", "person_a_1")
    looks = sealed_looks(annas_gate)
    assert len(looks) == MAX_LOOKS
    assert oldest not in looks
    assert oldest not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.wide
def test_another_persons_face_is_no_look_of_this_one(annas_gate: Gate) -> None:
    before = sealed_looks(annas_gate)
    annas_gate.show("impostor_2")
    refused = annas_gate.service.enrol("anna", CONSENT, annas_gate.request())
    assert (refused.ok, refused.reason) == (False, FaceReason.UNLIKE_OTHER_LOOKS)
    assert sealed_looks(annas_gate) == before


@pytest.mark.wide
def test_a_dropped_look_leaves_the_files_and_the_other_goes_on_opening(
    annas_gate: Gate, tmp_path: Path
) -> None:
    annas_gate.enrol("anna", "person_a_2")
    first, second = annas_gate.service.look_ids("anna")
    gone, stays = sealed_looks(annas_gate)
    assert annas_gate.service.drop_look("anna", first)
    on_disk = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert (gone in on_disk, stays in on_disk) == (False, True)
    assert annas_gate.service.look_ids("anna") == (second,)
    annas_gate.show("person_a_2")
    assert annas_gate.reason("anna") is FaceReason.MATCHED
    assert not annas_gate.service.drop_look("anna", first), "and dropping it again finds nothing"
    assert annas_gate.service.drop_look("anna", second)
    assert annas_gate.reason("anna") is FaceReason.NO_TEMPLATE


@pytest.mark.wide
def test_nothing_is_learnt_from_a_passage(annas_gate: Gate) -> None:
    before = sealed_looks(annas_gate)
    for _number in range(2):
        annas_gate.show("person_a_2")
        assert annas_gate.reason("anna") is FaceReason.MATCHED
    assert sealed_looks(annas_gate) == before


@pytest.mark.wide
def test_a_new_consent_begins_with_one_look(annas_gate: Gate) -> None:
    annas_gate.enrol("anna", "person_a_2")
    annas_gate.lend("anna", consent_id="consent-2")
    annas_gate.show("impostor_2")
    result = annas_gate.service.enrol("anna", "consent-2", annas_gate.request())
    assert result.ok, "what was given under the older consent is no measure"
    assert len(annas_gate.service.look_ids("anna")) == 1
    assert annas_gate.service.consents_kept() == {"anna": "consent-2"}


@pytest.mark.wide
def test_forgetting_takes_all_looks(annas_gate: Gate) -> None:
    annas_gate.enrol("anna", "person_a_2")
    assert annas_gate.service.forget("anna", CONSENT)
    assert annas_gate.service.look_ids("anna") == ()


@pytest.mark.wide
def test_a_damaged_look_does_not_keep_the_others_from_opening(
    annas_gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    annas_gate.enrol("anna", "person_a_2")
    first, _second = annas_gate.service.look_ids("anna")
    with annas_gate.connection as connection:
        connection.execute("UPDATE face_look SET ciphertext = x'00' WHERE look_id = ?", (first,))
    annas_gate.show("person_a_2")
    assert annas_gate.reason("anna") is FaceReason.MATCHED
    assert "blob of person anna is damaged" in caplog.text
