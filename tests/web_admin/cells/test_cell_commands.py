"""`menjin web cells create`, `restore`, `upgrade`, `downgrade`, `retire`: whole or as before."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import menjin
from tests.served.fleets import copied_cell
from tests.web_admin.cells.commands import Run, first, run, willow
from web_admin.cells import moving
from web_admin.cells.folders import MOVING
from web_admin.cells.holds import (
    BY_OPERATOR,
    BY_RESTORE,
    BY_UPGRADE,
    HELD,
    begin_hold,
    end_hold,
    holders,
)
from web_admin.cli import cell_folder, making_cells, restoring, upgrading_cells
from web_admin.cli.answers import CommandRefused

__all__ = ["first", "run", "willow"]


@pytest.fixture
def restore(willow: Path, run: Run, tmp_path: Path) -> tuple[object, ...]:
    """Return the command that restores the cell from a backup of its own."""
    passphrase = ("--passphrase-file", tmp_path / "passphrase")
    backup = tmp_path / "willow.menjin"
    assert run("backup", "--data-dir", willow, backup, *passphrase)[0] == 0
    return (
        "cells",
        "restore",
        willow,
        backup,
        "--public-url",
        "https://willow.example",
        "--replace",
        *passphrase,
    )


def power_cut(*_arguments: object, **_more: object) -> None:
    raise KeyboardInterrupt


def beside(cell: Path) -> list[str]:
    return sorted(path.name for path in cell.parent.iterdir())


def test_a_restore_cut_off_at_each_step_goes_on_and_is_undone_or_kept(
    willow: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passphrase = ("--passphrase-file", tmp_path / "passphrase")
    backup = tmp_path / "willow.menjin"
    assert run("backup", "--data-dir", willow, backup, *passphrase)[0] == 0
    old = (willow / "secrets" / "face.key").read_bytes()
    command = ("cells", "restore", willow, backup, "--public-url", "https://willow.example", *passphrase)
    assert run(*command)[0] == 2
    assert beside(willow) == ["willow"]
    command = (*command, "--replace")
    for place, name in ((restoring, "fill_from_backup"), (making_cells, "hold_cell"), (moving, "_finish")):
        with monkeypatch.context() as cut:
            cut.setattr(place, name, power_cut)
            assert run(*command)[0] == menjin.EXIT_INTERRUPTED
    assert run(*command)[0] == 0
    assert beside(willow) == [".willow.before-restore", "willow"]
    assert not {HELD, MOVING} & {path.name for path in willow.iterdir()}
    assert (willow / "secrets" / "face.key").read_bytes() != old
    assert run(*command)[0] == 0, "said again nothing is done"

    with monkeypatch.context() as cut:
        cut.setattr(making_cells, "carry_out", power_cut)
        assert run("cells", "restore", willow, "--undo")[0] == menjin.EXIT_INTERRUPTED
    assert run("cells", "restore", willow, "--undo")[0] == 0
    assert beside(willow) == ["willow"]
    assert (willow / "secrets" / "face.key").read_bytes() == old

    assert run(*command)[0] == 0
    assert run("cells", "restore", willow, "--keep")[0] == 0
    assert beside(willow) == ["willow"]
    assert (willow / "secrets" / "face.key").read_bytes() != old


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


@pytest.mark.parametrize("cut_at", ["hold_cell", "carry_out"])
def test_a_cell_that_is_held_while_a_restore_is_cut_off_stays_held(
    willow: Path, run: Run, restore: tuple[object, ...], monkeypatch: pytest.MonkeyPatch, cut_at: str
) -> None:
    with monkeypatch.context() as cut:
        cut.setattr(making_cells, cut_at, power_cut)
        assert run(*restore)[0] == menjin.EXIT_INTERRUPTED
    assert run("cells", "hold", willow)[0] == 0
    assert run(*restore)[0] == 0
    assert holders(willow) == [BY_OPERATOR]


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


def test_a_backup_of_a_served_cell_becomes_no_second_cell_beside_it(
    willow: Path, run: Run, tmp_path: Path
) -> None:
    passphrase = ("--passphrase-file", tmp_path / "passphrase")
    backup = tmp_path / "willow.menjin"
    assert run("backup", "--data-dir", willow, backup, *passphrase)[0] == 0
    oak = willow.with_name("oak")
    restore = ("cells", "restore", oak, backup, *passphrase, "--public-url")
    status, _out, err = run(*restore, "https://willow.example")
    assert (status, beside(willow)) == (2, [".oak.restoring", "willow"])
    assert "is also that of willow" in err
    assert f"cells restore {oak} --undo" in err
    assert run("cells", "restore", oak, "--undo")[0] == 0
    assert beside(willow) == ["willow"]

    status, _out, err = run(*restore, "https://oak.example")
    assert status == 2
    assert "its set of keys is also that of willow" in err, "both would be out"
    assert run("cells", "check", willow.parent)[0] == 0, "the one that is served stays so"
    assert run("cells", "restore", oak, "--undo")[0] == 0
    assert beside(willow) == ["willow"]


def test_a_cell_is_made_whole_also_after_a_cut(
    willow: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elm, root_key = willow.with_name("elm"), tmp_path / "elm.key"
    (tmp_path / "password").write_text("a quiet gate above four offices")
    command = (
        "cells",
        "create",
        elm,
        "--language",
        "zh",
        "--timezone",
        "Asia/Shanghai",
        "--name",
        "榆园",
        "--public-url",
        "https://willow.example",
        "--security-contact",
        "mailto:security@example.org",
        "--manager-email",
        "manager@example.org",
        "--manager-password-file",
        tmp_path / "password",
        "--root-key",
        root_key,
        "--root-passphrase-file",
        tmp_path / "passphrase",
    )
    assert run(*command, "--dry-run")[0] == 0
    assert beside(willow) == ["willow"]
    with monkeypatch.context() as cut:
        cut.setattr(making_cells, "refuse_its_host", power_cut)
        assert run(*command)[0] == menjin.EXIT_INTERRUPTED
    status, _out, err = run(*command)
    assert status == 2
    assert "host willow.example" in err, "another cell has the host: this one stays beside its place"
    settings = willow.with_name(".elm.creating") / "web.toml"
    settings.write_text(settings.read_text().replace("willow.example", "elm.example"))
    status, out, err = run(*command)
    assert status == 0, err
    assert f"Move {root_key} to two places off this machine" in out
    assert root_key.is_file()
    assert beside(willow) == ["elm", "willow"]
    assert run(*command)[0] == 2


def test_cells_come_to_this_version_and_back_and_what_fails_is_as_before(
    willow: Path, run: Run, tmp_path: Path, first: Path
) -> None:
    after = tmp_path / "next"
    after.mkdir()
    elm = copied_cell(first, willow.parent, "elm")
    (elm / "web.toml").rename(tmp_path / "kept")
    command = ("cells", "upgrade", willow, elm, "--into", after, "--passphrase-file", tmp_path / "passphrase")
    status, out, _err = run(*command)
    assert status == 1
    assert [(one["cell"], one["state"]) for one in map(json.loads, out.splitlines())] == [
        ("willow", "done"),
        ("elm", "as_before"),
    ]
    assert sorted(path.name for path in elm.iterdir() if path.name in {HELD, MOVING}) == []
    (tmp_path / "kept").rename(elm / "web.toml")
    status, out, _err = run(*command)
    assert (status, [json.loads(line)["state"] for line in out.splitlines()]) == (0, ["done", "done"])
    assert beside(after / "willow") == ["elm", "willow"]
    status, out, _err = run("cells", "downgrade", after / "elm", "--into", elm.parent)
    assert (status, json.loads(out)["state"]) == (0, "done")
    assert beside(elm) == ["elm"]
    assert run("cells", "hold", elm)[0] == 0
    command = ("cells", "upgrade", elm, "--into", after, "--passphrase-file", tmp_path / "passphrase")
    status, out, _err = run(*command)
    assert (status, json.loads(out)["state"], json.loads(out)["what"]) == (
        1,
        "as_before",
        "the operator holds it",
    )
    assert (elm / HELD).exists(), "an upgrade let a cell be served that the operator holds"
    assert run("cells", "resume", elm)[0] == 0
    assert run(*command)[0] == 0


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
