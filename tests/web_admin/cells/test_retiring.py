"""`menjin web cells retire`: a held cell alone, and a cut is gone on with."""

from pathlib import Path

import pytest

import menjin
from tests.web_admin.cells.commands import Run, first, restore, run, willow
from tests.web_admin.cells.cut_off import power_cut

__all__ = ["first", "restore", "run", "willow"]


def test_a_cell_is_retired_when_it_is_held_and_a_cut_is_gone_on_with(
    willow: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, _out, err = run("cells", "retire", willow)
    assert status == 2
    assert "is not held: hold it first" in err
    assert run("cells", "hold", willow)[0] == 0
    assert "overwrite the keys" in run("cells", "retire", willow, "--dry-run")[1]
    from web_admin.cells import retiring

    with monkeypatch.context() as cut:
        cut.setattr(retiring, "destroy", power_cut)
        assert run("cells", "retire", willow)[0] == menjin.EXIT_INTERRUPTED
    assert "cut off" in run("cells", "retire", willow, "--dry-run")[1]
    assert run("cells", "retire", willow)[0] == 0
    assert list(willow.parent.iterdir()) == []
    assert run("cells", "retire", willow)[0] == 0
