"""Face is offered where the site has it, and never to a child."""

import pytest

from web_admin.compound.age_bands import ADULT, CHILD, MINOR
from web_admin.compound.models import Person, Site
from web_admin.face.rules import is_offered, why_not_offered


@pytest.mark.parametrize(
    ("has_face", "age_band", "why"),
    [
        (True, ADULT, None),
        (True, MINOR, None),
        (True, CHILD, "child"),
        (False, ADULT, "switched_off"),
        (False, CHILD, "switched_off"),
    ],
)
def test_face_is_offered_by_the_site_and_the_age(*, has_face: bool, age_band: str, why: str | None) -> None:
    site, person = Site(face_enabled=has_face), Person(age_band=age_band)
    assert why_not_offered(site, person) == why
    assert is_offered(site, person) is (why is None)
