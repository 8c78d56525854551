"""An image of the server: the same digest twice, each machine's own parts, one user, a bill of all in it."""

import io
import json
import os
import re
import shutil
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.wheels import EPOCH, ROOT, wheels_of_this_tree

TOOLS = ("mmdebstrap", "buildah", "dpkg-deb")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None] + (["root"] if os.geteuid() else [])
ELF_MACHINES = {"amd64": 62, "arm64": 183}
SET_USER_OR_GROUP = 0o6000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}"),
]


@dataclass(frozen=True)
class Archive:
    """A file of the OCI image layout (image-layout.md), read without the tools that made it."""

    path: Path

    def blob(self, digest: str) -> bytes:
        return self.file(f"blobs/{digest.replace(':', '/')}")

    def file(self, name: str) -> bytes:
        with tarfile.open(self.path) as packed:
            content = packed.extractfile(name)
            assert content is not None
            return content.read()

    def machines(self) -> dict[str, str]:
        """Give the digest of each machine's image."""
        (whole,) = json.loads(self.file("index.json"))["manifests"]
        listed = json.loads(self.blob(whole["digest"]))["manifests"]
        return {one["platform"]["architecture"]: one["digest"] for one in listed}

    def config(self, machine: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.blob(self.manifest(machine)["config"]["digest"]))
        return found

    def manifest(self, machine: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.blob(self.machines()[machine]))
        return found

    def files(self, machine: str) -> tarfile.TarFile:
        (layer,) = self.manifest(machine)["layers"]
        assert layer["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"
        return tarfile.open(fileobj=io.BytesIO(self.blob(layer["digest"])))


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's packages and bill, and an image of both machines."""
    folder = tmp_path_factory.mktemp("release")
    (folder / "made").mkdir()
    wheels_of_this_tree(folder)
    sys.path.insert(0, str(ROOT / "deploy/release"))
    try:
        from bill import write_bill  # type: ignore[import-not-found]
        from debian import PACKAGES, build  # type: ignore[import-not-found]
        from images import IMAGES, write_images  # type: ignore[import-not-found]

        for machine in ELF_MACHINES:
            build(PACKAGES[0], machine, folder, folder / "made", EPOCH, "N <n@example.org>", is_quick=True)
        write_bill(
            ROOT, "requirements-web.lock", "0.3.0", EPOCH, folder / "made/menjin-0.3.0-server.cdx.json"
        )
        (folder / "again").mkdir()
        for file in (folder / "made").iterdir():
            shutil.copy(file, folder / "again")
        write_images(folder / "made", EPOCH, "f00d", images=IMAGES[:1])
        write_images(folder / "again", EPOCH, "f00d", images=IMAGES[:1], machines=["amd64"])
    finally:
        sys.path.remove(str(ROOT / "deploy/release"))
    return folder


@pytest.fixture
def archive(release: Path) -> Archive:
    return Archive(release / "made/menjin-0.3.0-server-image.oci.tar")


def test_the_same_packages_give_the_same_digest(release: Path, archive: Archive) -> None:
    again = Archive(release / "again/menjin-0.3.0-server-image.oci.tar")
    assert again.machines() == {"amd64": archive.machines()["amd64"]}
    bill = "menjin-0.3.0-server-image-amd64.cdx.json"
    assert (release / "made" / bill).read_bytes() == (release / "again" / bill).read_bytes()


@pytest.mark.parametrize("machine", ELF_MACHINES)
def test_an_image_has_its_machines_parts_alone_and_no_way_to_more_rights(
    archive: Archive, machine: str
) -> None:
    config = archive.config(machine)
    assert (config["architecture"], config["config"]["User"]) == (machine, "1970:1970")
    assert "Volumes" not in config["config"], "a forgotten volume would be a nameless one"
    kinds, writable = set(), set()
    with archive.files(machine) as files:
        for file in files:
            assert not file.isdev()
            assert file.mode & SET_USER_OR_GROUP == 0, file.name
            if (file.uid, file.gid) != (0, 0):
                writable.add((file.name, file.uid, file.gid, oct(file.mode)))
            content = files.extractfile(file) if file.isfile() and ".so" in file.name else None
            if content is not None and (start := content.read(20)).startswith(b"\x7fELF"):
                kinds.add(int.from_bytes(start[18:20], "little"))
    assert kinds == {ELF_MACHINES[machine]}
    assert writable == {
        (name, 1970, 1970, "0o700")
        for name in (
            "var/lib/menjin-web",
            "var/lib/menjin-keys",
            "var/lib/menjin-passphrase",
            "var/backups/menjin",
        )
    }


@pytest.mark.parametrize("machine", ELF_MACHINES)
def test_all_python_is_compiled_since_nothing_can_be_written_later(archive: Archive, machine: str) -> None:
    with archive.files(machine) as files:
        names = set(files.getnames())
    sources = {name for name in names if re.match(r"usr/lib/(python3\.13|menjin-server)/.*\.py$", name)}
    compiled = {re.sub(r"([^/]+)\.py$", r"__pycache__/\1.cpython-313.pyc", name) for name in sources}
    assert len(sources) > 1000
    assert compiled - names == set()


@pytest.mark.parametrize("machine", ELF_MACHINES)
def test_the_bill_names_each_package_of_an_image_with_its_version(
    release: Path, archive: Archive, machine: str
) -> None:
    bill = json.loads((release / f"made/menjin-0.3.0-server-image-{machine}.cdx.json").read_text())
    debian = {one["name"]: one for one in bill["components"] if one.get("purl", "").startswith("pkg:deb/")}
    with archive.files(machine) as files:
        status = files.extractfile("var/lib/dpkg/status")
        assert status is not None
        text = status.read().decode()
    known = dict(re.findall(r"^Package: (.+)\n(?:.+\n)*?Version: (.+)$", text, re.MULTILINE))
    assert {name: one["version"] for name, one in debian.items()} == known
    assert {"menjin-server", "python3.13", "libc6", "libssl3t64"} <= known.keys()
    assert {one["name"] for one in bill["components"]} >= {"flask", "sqlalchemy"}
    assert all(len(one["hashes"][0]["content"]) == 64 for one in debian.values())
