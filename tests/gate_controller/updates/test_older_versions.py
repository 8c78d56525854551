"""A gate goes back to an older version by its own trial, or where the makers signed it: by no order alone.

Releases are made by the makers' own tool and fetched by the gate's own updater.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.updates import BACK_TO, UPDATES_PATH, UpdateOrder
from gate_controller.updates.fetch import fetch_version, machine_tag
from gate_controller.updates.launcher import FETCHED, KEPT, State, lib_of, read_state, write_state
from gate_controller.updates.updates import GateUpdates, NotDownloaded, NotFetched, OlderVersion
from tests.support.gates.versions import make_wheel
from tests.support.gates.waiting import until

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "deploy" / "updates"))
import sign

NOW = datetime.now(UTC)
RUNS = "0.3.10"


@pytest.fixture
def makers(tmp_path: Path) -> Path:
    """Return a folder with the makers' keys and a release of three versions, all still signed."""
    folder = tmp_path / "makers"
    folder.mkdir()
    sign.make_keys(folder / "keys", NOW)
    for version in ("0.3.9", RUNS, "0.3.11"):
        make_wheel(folder / version, version, packages=())
        sign.add_version(folder / "release", folder / "keys", version, folder / version, machine_tag(), NOW)
    return folder


@pytest.fixture
def root(tmp_path: Path, makers: Path) -> Path:
    """Return a gate's folder; it runs one of the versions."""
    found = tmp_path / "gate"
    lib_of(found, RUNS).mkdir(parents=True)
    (found / "root.json").write_bytes((makers / "keys" / "root.json").read_bytes())
    write_state(found, State(KEPT, RUNS))
    return found


class Server:
    """A server that was broken into: it passes on what the makers signed, whatever is asked."""

    def __init__(self, release: Path) -> None:
        """Take the makers' release."""
        self.release = release
        self.asked: list[str] = []

    def get(self, path: str) -> Iterator[bytes]:
        """Give a file's bytes."""
        self.asked.append(path)
        file = self.release / path.removeprefix(UPDATES_PATH)
        if not file.is_file():
            raise NotDownloaded(path, 404)
        yield file.read_bytes()


def test_an_older_version_that_is_still_signed_is_refused_and_none_of_its_files_is_fetched(
    makers: Path, root: Path
) -> None:
    server = Server(makers / "release")
    with pytest.raises(OlderVersion, match=r"^0\.3\.9 is older than 0\.3\.10, which runs, and the makers"):
        fetch_version(root, "0.3.9", server.get, RUNS)
    assert [path for path in server.asked if "/wheels/" in path or "/gate/" in path] == []
    assert not lib_of(root, "0.3.9").exists()
    fetch_version(root, "0.3.11", server.get, RUNS)
    assert (lib_of(root, "0.3.11") / "menjin.py").is_file()


def test_the_makers_let_gates_go_back_to_one_version_and_take_that_back(makers: Path, root: Path) -> None:
    release, keys = makers / "release", makers / "keys"
    sign.allow_back(release, keys, "0.3.9", NOW)
    fetch_version(root, "0.3.9", Server(release).get, "0.3.11")
    with pytest.raises(OlderVersion):
        fetch_version(root, RUNS, Server(release).get, "0.3.11")
    sign.remove_version(release, keys, "0.3.9", NOW)
    with pytest.raises(NotFetched, match=r"^no gate/0\.3\.9/.* was signed"):
        fetch_version(root, "0.3.9", Server(release).get, "0.3.11")
    assert sign.BACK_TO == BACK_TO


def test_a_server_adds_no_word_of_its_own_to_what_was_signed(makers: Path, root: Path) -> None:
    release = makers / "release"
    [file] = release.glob("metadata/3.targets.json")
    said = json.loads(file.read_bytes())
    said["signed"]["targets"][f"gate/0.3.9/{machine_tag()}.json"]["custom"] = {BACK_TO: True}
    file.write_text(json.dumps(said))
    with pytest.raises(NotFetched, match="targets was signed by 0/1 keys"):
        fetch_version(root, "0.3.9", Server(release).get, RUNS)


@pytest.mark.parametrize("version", ["0.3.10.dev1", "0.3.10rc1", "0.2", "0.3.9+local", "0.3.9.post1"])
def test_versions_are_compared_as_packages_are(makers: Path, root: Path, version: str) -> None:
    make_wheel(makers / version, version, packages=())
    sign.add_version(makers / "release", makers / "keys", version, makers / version, machine_tag(), NOW)
    with pytest.raises(OlderVersion):
        fetch_version(root, version, Server(makers / "release").get, RUNS)


@pytest.mark.parametrize("is_away_first", [False, True], ids=["reached", "network away first"])
def test_an_order_for_an_older_version_is_in_the_journal_once_and_what_runs_goes_on(
    makers: Path, root: Path, is_away_first: bool
) -> None:
    entries: list[tuple[EventKind, dict[str, object]]] = []
    now = [0.0]
    away = [NotFetched("the server does not answer")] if is_away_first else []

    def fetch(version: str) -> None:
        if away:
            raise away.pop()
        fetch_version(root, version, Server(makers / "release").get, read_state(root).running)

    updates = GateUpdates(root, fetch, lambda: True, (), lambda: now[0])

    def tick() -> bool:
        return updates.time_passed(
            lambda kind, facts, _personal: entries.append((kind, dict(facts))),
            is_quiet=True,
            well=(),
            has_policy=True,
        )

    for _again in range(3):
        updates.ordered(UpdateOrder(version="0.3.9", order_id="o.1"))
        until(lambda: updates.status().step == "failed", updates.status)
        assert not tick()
        now[0] += 1000.0
    [(kind, facts)] = entries
    assert (kind, facts["version"]) == (EventKind.ALARM_UPDATE_REFUSED, "0.3.9")
    assert "0.3.9 is older than 0.3.10, which runs" in updates.status().why
    assert read_state(root).running == RUNS
    updates.ordered(UpdateOrder(version="0.3.11", order_id="o.2"))
    until(lambda: updates.status().step == FETCHED, updates.status)
