"""Nothing ends for good by one press: an act is harmless, can be undone, or is confirmed once it was read."""

from collections.abc import Iterator

import pytest

from gate_controller.terminal.server import TerminalServer
from head_office.pages.app import Office, create_app
from head_office.settings import Settings
from tests.support.ends_of_acts import CONFIRMED, HARMLESS, NOT_YET, UNDONE
from tests.support.permission_matrix import OF_LIBRARIES
from tests.web_admin.every_page.form_walk import Walk

CLASSES = {"harmless": HARMLESS, "undone": UNDONE, "confirmed": CONFIRMED}
WRITING = frozenset({"POST", "PATCH", "PUT", "DELETE"})


@pytest.fixture(scope="module")
def walk(tmp_path_factory) -> Iterator[Walk]:
    walk = Walk(tmp_path_factory.mktemp("compound"))
    yield walk
    walk.compound.close()


def acts_of(app, prefix: str = "") -> set[str]:
    """Return every route of an app that a browser or a machine may write by."""
    rules = app.url_map.iter_rules()
    return {prefix + rule.endpoint for rule in rules if rule.methods & WRITING} - OF_LIBRARIES.keys()


def test_every_act_of_the_product_stands_in_exactly_one_class(walk, capsys) -> None:
    office = create_app(Office(Settings(), None, lambda: None, lambda: None))
    screen = TerminalServer(lambda _act: None, port=0, launch_token="x" * 32)
    acts = {
        *acts_of(walk.compound.app),
        *acts_of(office, "head_office "),
        *acts_of(screen._make_app(), "terminal "),
    }
    named = [*HARMLESS, *UNDONE, *CONFIRMED, *NOT_YET]
    not_named, no_acts = " ".join(sorted(acts - set(named))), " ".join(sorted(set(named) - acts))
    assert not_named == "", "say in tests/support/ends_of_acts.py what ends by it"
    assert no_acts == ""
    assert len(named) == len(set(named))
    with capsys.disabled():
        print("\n" + ", ".join(f"{name} {len(acts)}" for name, acts in CLASSES.items()), len(NOT_YET))
