"""What the tests of promises share with those of acts."""

from tests.unit.web_admin.conftest import act

__all__ = ["act"]
