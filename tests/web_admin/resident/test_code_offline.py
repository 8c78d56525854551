"""The page that a phone keeps without network has a new version when a part of it changes."""

import shutil
from pathlib import Path

import pytest

from tests.support.compounds.resident import Compound


def test_the_service_worker_names_a_new_version_when_a_part_changes(
    small_compound: Compound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "static"
    shutil.copytree(str(small_compound.app.static_folder), folder)
    client = small_compound.app.test_client()
    first = client.get("/r/service-worker.js").text.splitlines()[0]
    monkeypatch.setattr(small_compound.app, "static_folder", str(folder))
    assert client.get("/r/service-worker.js").text.splitlines()[0] == first
    with (folder / "resident/resident.css").open("a") as style:
        style.write("/* changed */")
    assert client.get("/r/service-worker.js").text.splitlines()[0] != first
