"""A family with children."""

import pytest

from tests.support.compounds.parents_and_son import make_family
from web_admin.action.base import Action
from web_admin.compound.models import Person


@pytest.fixture
def family(act: Action) -> tuple[Action, Person, Person, Person]:
    return make_family(act)
