"""`menjin web cells create` and `restore`: whole or as before, also after a cut."""

from pathlib import Path

import pytest

import menjin
from tests.web_admin.cells.commands import Run, first, restore, run, willow
from tests.web_admin.cells.cut_off import beside, power_cut
from web_admin.cells import moving
from web_admin.cells.folders import MOVING
from web_admin.cells.holds import (
    BY_OPERATOR,
    HELD,
    holders,
)
from web_admin.cli import making_cells, restoring

__all__ = ["first", "restore", "run", "willow"]


@pytest.mark.wide
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


@pytest.mark.wide
@pytest.mark.parametrize("cut_at", ["hold_cell", "carry_out"])
@pytest.mark.first_set
def test_a_cell_that_is_held_while_a_restore_is_cut_off_stays_held(
    willow: Path, run: Run, restore: tuple[object, ...], monkeypatch: pytest.MonkeyPatch, cut_at: str
) -> None:
    with monkeypatch.context() as cut:
        cut.setattr(making_cells, cut_at, power_cut)
        assert run(*restore)[0] == menjin.EXIT_INTERRUPTED
    assert run("cells", "hold", willow)[0] == 0
    assert run(*restore)[0] == 0
    assert holders(willow) == [BY_OPERATOR]


@pytest.mark.wide
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
