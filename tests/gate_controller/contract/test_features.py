"""A record is sent to an older gate as that understands it, or not at all."""

import pytest

from gate_controller.contract import features
from gate_controller.contract.features import Feature, fit
from tests.support.compounds.people import lane, person


@pytest.fixture
def two_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two fields be newer than the first release: one may be ignored, one may not."""
    newer = (
        Feature("slow_pass", "person", "slow_pass", may_be_ignored=True),
        Feature("override", "person", "may_override", may_be_ignored=False),
    )
    monkeypatch.setattr(features, "FEATURES", newer)


def test_a_gate_that_knows_everything_gets_everything(two_features: None) -> None:
    record = person("p1", slow_pass=True, may_override=True)
    assert features.known() == ("slow_pass", "override")
    assert features.of_records((*features.known(), "bell", "sum_digest")) == {"slow_pass", "override"}
    assert fit("person:p1", record, features.known()) is record


def test_a_field_that_may_be_ignored_is_left_out_for_an_older_gate(two_features: None) -> None:
    assert fit("person:p1", person("p1", slow_pass=True), ()) == person("p1")


def test_a_record_whose_field_may_not_be_ignored_is_kept_from_an_older_gate(two_features: None) -> None:
    assert fit("person:p1", person("p1", may_override=True), ("slow_pass",)) is None
    assert fit("person:p1", person("p1"), ()) == person("p1"), "it says nothing that is newer"


def test_records_of_other_kinds_stay_as_they_are(two_features: None) -> None:
    assert fit("lane:north-in", lane(), ()) == lane()
