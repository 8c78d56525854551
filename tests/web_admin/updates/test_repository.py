"""The server takes a release whose every signature and byte is right, and no other."""

import json
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from web_admin.updates.repository import (
    ReleaseRefused,
    add_release,
    machines_of,
    offered_versions,
    targets_folder,
    trust_root,
    versions_to_go_back_to,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "deploy" / "updates"))
import sign

NOW = datetime.now(UTC)
MACHINE = "cp313-aarch64"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    sign.make_keys(tmp_path / "keys", NOW)
    add(tmp_path, "0.3.0")
    return tmp_path / "release"


@pytest.fixture
def data(tmp_path: Path, release: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    trust_root(folder, release.parent / "keys" / "root.json")
    return folder


def add(folder: Path, version: str, now: datetime = NOW) -> None:
    wheels = folder / f"wheels-{version}"
    wheels.mkdir(exist_ok=True)
    (wheels / f"menjin-{version}-py3-none-any.whl").write_bytes(version.encode() * 100)
    (wheels / "msgspec-1-cp313-cp313-linux_aarch64.whl").write_bytes(b"the same in each version")
    sign.add_version(folder / "release", folder / "keys", version, wheels, MACHINE, now)


def files(data: Path) -> dict[str, bytes]:
    offered = [data / "updates" / "metadata", data / "updates" / "targets"]
    return {str(path): path.read_bytes() for one in offered for path in one.rglob("*") if path.is_file()}


def test_a_release_is_added_and_the_next_beside_it(release: Path, data: Path) -> None:
    assert add_release(data, release) == ["0.3.0"]
    assert machines_of(data, "0.3.0") == [MACHINE]
    add(release.parent, "0.10.0")
    assert add_release(data, release) == ["0.3.0", "0.10.0"]
    shared = list(targets_folder(data).rglob("*msgspec*"))
    assert len(shared) == 1, "stored once"
    sign.remove_version(release, release.parent / "keys", "0.3.0", NOW)
    assert add_release(data, release) == ["0.10.0"]


def test_no_release_is_added_before_the_makers_are_trusted(release: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(ReleaseRefused, match="--root FILE"):
        add_release(tmp_path / "other", release)


def test_other_keys_take_no_ones_place(release: Path, data: Path, tmp_path: Path) -> None:
    sign.make_keys(tmp_path / "others", NOW)
    with pytest.raises(ReleaseRefused, match="trusts other keys"):
        trust_root(data, tmp_path / "others" / "root.json")
    with pytest.raises(ReleaseRefused, match="no root of a release"):
        trust_root(data, release / "metadata" / "timestamp.json")


def _changed_byte(release: Path) -> None:
    wheel = next((release / "targets" / "wheels").glob("*menjin*"))
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"!")


def _missing_wheel(release: Path) -> None:
    next((release / "targets" / "wheels").glob("*msgspec*")).unlink()


def _edited_targets(release: Path) -> None:
    path = max((release / "metadata").glob("*.targets.json"))
    said = json.loads(path.read_text())
    said["signed"]["targets"][f"gate/0.3.0/{MACHINE}.json"]["length"] += 1
    path.write_text(json.dumps(said))


def _signed_by_others(release: Path) -> None:
    keys = release.parent / "others"
    sign.make_keys(keys, NOW)
    shutil.rmtree(release)
    shutil.copytree(keys, release.parent / "keys", dirs_exist_ok=True)
    add(release.parent, "0.3.0")


def _expired(release: Path) -> None:
    sign.renew(release, release.parent / "keys", NOW - timedelta(days=400))


@pytest.mark.parametrize(
    "harm",
    [
        _changed_byte,
        _missing_wheel,
        _edited_targets,
        _signed_by_others,
        _expired,
    ],
)
def test_what_does_not_verify_is_refused_and_changes_nothing(release: Path, data: Path, harm) -> None:
    add_release(data, release)
    before = files(data)
    add(release.parent, "0.4.0")
    harm(release)
    shutil.rmtree(targets_folder(data))
    left = files(data)
    with pytest.raises(ReleaseRefused):
        add_release(data, release)
    after = files(data)
    assert {name: body for name, body in after.items() if "/metadata/" in name} == {
        name: body for name, body in left.items() if "/metadata/" in name
    }
    assert offered_versions(data) == ["0.3.0"]
    assert before


def test_an_older_release_does_not_come_back(release: Path, data: Path, tmp_path: Path) -> None:
    shutil.copytree(release, tmp_path / "older")
    add(release.parent, "0.4.0")
    add_release(data, release)
    with pytest.raises(ReleaseRefused):
        add_release(data, tmp_path / "older")
    assert offered_versions(data) == ["0.3.0", "0.4.0"]


def test_a_renewal_needs_neither_the_root_nor_the_targets_key(release: Path, data: Path) -> None:
    add_release(data, release)
    for name in ("root.key", "targets.key"):
        (release.parent / "keys" / name).unlink()
    sign.renew(release, release.parent / "keys", NOW)
    assert add_release(data, release) == ["0.3.0"]
    with pytest.raises(SystemExit, match="targets key"):
        add(release.parent, "0.4.0")


def test_keys_with_a_passphrase_sign_with_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sign.PASSPHRASE, "a long passphrase")
    sign.make_keys(tmp_path / "keys", NOW)
    assert b"ENCRYPTED" in (tmp_path / "keys" / "root.key").read_bytes()
    add(tmp_path, "0.3.0")
    monkeypatch.delenv(sign.PASSPHRASE)
    with pytest.raises(SystemExit, match="does not open"):
        add(tmp_path, "0.4.0")


def test_gates_may_go_back_to_what_was_signed_for_every_machine(release: Path, data: Path) -> None:
    folder = release.parent
    assert versions_to_go_back_to(data) == set(), "nothing was added yet"
    add(folder, "0.4.0")
    add_release(data, release)
    assert versions_to_go_back_to(data) == set()
    sign.allow_back(release, folder / "keys", "0.3.0", NOW)
    add_release(data, release)
    assert versions_to_go_back_to(data) == {"0.3.0"}
    sign.add_version(release, folder / "keys", "0.3.0", folder / "wheels-0.3.0", "cp313-x86_64", NOW)
    add_release(data, release)
    assert versions_to_go_back_to(data) == set(), "one machine's list does not say so"


def test_a_final_version_is_newer_than_its_candidate(release: Path, data: Path) -> None:
    for version in ("0.10.0rc1", "0.10.0", "0.9.0"):
        add(release.parent, version)
    assert add_release(data, release) == ["0.3.0", "0.9.0", "0.10.0rc1", "0.10.0"]


def test_a_name_that_no_gate_can_compare_is_not_offered(release: Path, data: Path) -> None:
    add(release.parent, "0.4.final.x")
    assert add_release(data, release) == ["0.3.0"]
