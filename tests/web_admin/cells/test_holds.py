"""Holds of a cell: an operator's, a restore's and an upgrade's each end with what began them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import menjin
from tests.web_admin.cells.commands import Run, first, restore, run, willow
from tests.web_admin.cells.cut_off import power_cut
from web_admin.cells import moving
from web_admin.cells.holds import (
    BY_OPERATOR,
    BY_RESTORE,
    BY_UPGRADE,
    HELD,
    begin_hold,
    end_hold,
    holders,
)
from web_admin.cli import cell_folder, making_cells, upgrading_cells
from web_admin.cli.answers import CommandRefused

__all__ = ["first", "restore", "run", "willow"]


@pytest.mark.wide
def test_what_an_operator_holds_outlasts_a_restore_its_undoing_an_upgrade_and_the_way_back(
    willow: Path, run: Run, restore: tuple[object, ...], tmp_path: Path
) -> None:
    assert run("cells", "hold", willow)[0] == 0
    status, out, _err = run(*restore)
    assert (status, holders(willow)) == (0, [BY_OPERATOR])
    assert f"cells resume {willow}" in out
    assert run("cells", "resume", willow)[0] == 0
    status, out, _err = run("cells", "restore", willow, "--undo")
    assert (status, holders(willow)) == (0, [BY_OPERATOR]), "as it was before the restore"
    assert f"cells resume {willow}" in out

    assert run("cells", "resume", willow)[0] == 0
    assert run(*restore)[0] == 0
    assert run("cells", "hold", willow)[0] == 0
    assert run("cells", "restore", willow, "--undo")[0] == 0
    assert holders(willow) == [BY_OPERATOR], "held since the restore"

    after, passphrase = tmp_path / "next", ("--passphrase-file", tmp_path / "passphrase")
    after.mkdir()
    assert run("cells", "resume", willow)[0] == 0
    assert run("cells", "upgrade", willow, "--into", after, *passphrase)[0] == 0
    assert run("cells", "hold", after / "willow")[0] == 0
    status, out, _err = run("cells", "downgrade", after / "willow", "--into", willow.parent)
    assert (status, json.loads(out)["state"], json.loads(out)["what"]) == (0, "held", "the operator holds it")
    assert holders(willow) == [BY_OPERATOR]
    assert run("cells", "check", willow.parent)[0] == 1


@pytest.mark.wide
def test_a_hold_of_a_restore_that_was_cut_off_is_its_own_and_ends_with_it(
    willow: Path, run: Run, restore: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for end in (restore, ("cells", "restore", willow, "--undo")):
        for place, name in ((making_cells, "carry_out"), (moving, "_finish")):
            with monkeypatch.context() as cut:
                cut.setattr(place, name, power_cut)
                assert run(*restore)[0] == menjin.EXIT_INTERRUPTED
            assert holders(willow) == [BY_RESTORE] or not willow.exists()
            assert run(*end)[0] == 0
            assert run("cells", "check", willow.parent)[0] == 0, "it is served again"
            run("cells", "restore", willow, "--keep")
    with monkeypatch.context() as cut:
        cut.setattr(making_cells, "carry_out", power_cut)
        run(*restore)
    assert "'cells restore' holds it. Run that command once more." in "".join(
        run("cells", "check", willow.parent)[1:]
    ).replace(f"{willow / HELD}: ", "")


@pytest.mark.wide
def test_an_upgrade_leaves_what_another_command_holds_and_a_downgrade_that_fails_leaves_no_hold(
    willow: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after, passphrase = tmp_path / "next", ("--passphrase-file", tmp_path / "passphrase")
    after.mkdir()
    begin_hold(willow, BY_RESTORE, datetime(2026, 11, 28, 9, 30, tzinfo=UTC))
    upgrade = ("cells", "upgrade", willow, "--into", after, *passphrase)
    status, out, _err = run(*upgrade)
    assert (status, json.loads(out)["state"]) == (1, "as_before")
    assert json.loads(out)["what"] == "'cells restore' holds it"
    end_hold(willow, BY_RESTORE)
    assert run(*upgrade)[0] == 0
    with monkeypatch.context() as cut:
        cut.setattr(upgrading_cells, "_renamed", power_cut)
        cut.setattr(upgrading_cells, "hold_cell", refused)
        status, _out, err = run("cells", "downgrade", after / "willow", "--into", willow.parent)
    assert status == 2
    assert "it has not ended" in err
    assert holders(after / "willow") == []


def refused(cell: Path, by: str) -> None:
    begin_hold(cell, by, datetime(2026, 11, 28, 9, 30, tzinfo=UTC))
    raise CommandRefused("it has not ended")


def test_a_hold_that_a_restore_replaced_meanwhile_is_not_said_to_be_one(
    willow: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(*_lock: object, **_more: object) -> None:
        end_hold(willow, BY_OPERATOR)

    monkeypatch.setattr(cell_folder, "take_patiently", ends)
    status, _out, err = run("cells", "hold", willow)
    assert status == 2
    assert "is not held: say it once more" in err


def test_a_file_of_a_hold_that_says_nothing_is_an_operators(willow: Path) -> None:
    (willow / HELD).touch()
    assert holders(willow) == [BY_OPERATOR]
    begin_hold(willow, BY_UPGRADE, datetime(2026, 11, 28, 9, 30, tzinfo=UTC))
    assert holders(willow) == [BY_OPERATOR, BY_UPGRADE]
    end_hold(willow, BY_UPGRADE)
    assert holders(willow) == [BY_OPERATOR]
    (willow / HELD).unlink()
    (willow / HELD).mkdir()
    assert holders(willow) == [BY_OPERATOR]
