"""Decide whether face is offered to a person at all. Pure."""

from typing import Literal

from web_admin.compound.age_bands import CHILD
from web_admin.compound.models import Person, Site


def why_not_offered(site: Site, person: Person) -> Literal["switched_off", "child"] | None:
    """Return why face is not offered to a person; None where it is offered."""
    if not site.face_enabled:
        return "switched_off"
    return "child" if person.age_band == CHILD else None


def is_offered(site: Site, person: Person) -> bool:
    """Return whether face is offered: the site has it, and the person is no child."""
    return why_not_offered(site, person) is None
