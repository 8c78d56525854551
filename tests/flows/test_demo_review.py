"""The demo's step of an access review is good where nothing is suspended, and says so where something is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from demo.judge import StepFailed
from demo.steps.access_reviews import review_signed
from tests.support.compounds.managed import ManagedCompound
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow


@dataclass
class ReviewedOffice:
    """The office of a small compound; a broken one suspends every card as soon as it has acted."""

    compound: ManagedCompound
    suspends: bool = False

    @contextmanager
    def act(self) -> Iterator[Action]:
        with self.compound.act("manager", "staff-1") as act:
            yield act
            if self.suspends:
                act.session.execute(update(CredentialRow).values(state="suspended"))

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self.compound.act() as act:
            yield act.session


def stage_with(office: ReviewedOffice, folder: Path) -> SimpleNamespace:
    return SimpleNamespace(office=office, folder=folder, logs=folder)


def test_a_review_that_suspends_nothing_is_a_good_step(compound, tmp_path):
    said = review_signed(stage_with(ReviewedOffice(compound), tmp_path)).detail
    assert "no person suspended, the record is genuine" in said


def test_a_review_that_suspends_what_has_no_answer_is_named(compound, tmp_path):
    with pytest.raises(StepFailed, match="without an answer suspended"):
        review_signed(stage_with(ReviewedOffice(compound, suspends=True), tmp_path))
