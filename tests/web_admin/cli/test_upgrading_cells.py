"""`menjin web cells upgrade` and `downgrade`: what fails is as before."""

import json
from pathlib import Path

from tests.served.fleets import copied_cell
from tests.web_admin.cells.commands import Run, first, restore, run, willow
from tests.web_admin.cells.cut_off import beside
from web_admin.cells.folders import MOVING
from web_admin.cells.holds import (
    HELD,
)

__all__ = ["first", "restore", "run", "willow"]


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
