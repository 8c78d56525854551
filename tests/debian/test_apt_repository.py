"""Debian's own apt fetches from the repository of a release, and refuses what is not whole or not signed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.debian.apt_makers import DAY_SECONDS, RELEASED_AT_SECONDS, Makers

MISSING = [tool for tool in ("apt-ftparchive", "gpg", "dpkg-deb", "apt-get") if shutil.which(tool) is None]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}")


class Host(Makers):
    """Makers with packages that hold nothing, and a machine's apt with folders of its own beside them."""

    @property
    def folder(self) -> Path:
        return self.home.parent

    def package(self, version: str, machine: str = "amd64") -> None:
        tree = self.folder / version
        (tree / "DEBIAN").mkdir(parents=True)
        fields = {"Package": "menjin-server", "Version": version, "Architecture": machine}
        more = {"Maintainer": "Menjin <menjin@example.org>", "Description": "gates"}
        text = "".join(f"{name}: {value}\n" for name, value in {**fields, **more}.items())
        (tree / "DEBIAN/control").write_text(text)
        self.repository.mkdir(exist_ok=True)
        target = self.repository / f"menjin-server_{version}_{machine}.deb"
        subprocess.run(["dpkg-deb", "--build", tree, target], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(tree)

    def trust(self) -> None:
        """Do once what the pages say: put the source, with the key in it, onto the machine."""
        (self.folder / "etc/sources").mkdir(parents=True, exist_ok=True)
        shutil.copy(self.repository / "menjin.sources", self.folder / "etc/sources")

    def apt(self, *words: str) -> subprocess.CompletedProcess[str]:
        for name in ("state/lists/partial", "cache/archives/partial", "etc", "fetched"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "state/status").touch()
        options = {
            "Dir::Etc": self.folder / "etc",
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": self.folder / "etc/sources",
            "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "state/status",
            "Dir::Cache": self.folder / "cache",
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
        }
        given = [f"-o{name}={value}" for name, value in options.items()]
        command = ["apt-get", *given, *words]
        where = self.folder / "fetched"
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=where, env=os.environ | {"LC_ALL": "C"}
        )

    def fetched(self) -> list[str]:
        """Fetch the package that apt would install; return the names of all that came."""
        done = self.apt("download", "menjin-server")
        return (
            sorted(path.name for path in (self.folder / "fetched").iterdir())
            if not done.returncode
            else [done.stderr]
        )


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path / "gpg", tmp_path / "repository", f"file:{tmp_path}/repository")
    made.package("0.3.0")
    made.key("makers")
    assert made.write() == ""
    made.trust()
    yield made
    subprocess.run(["gpgconf", "--kill", "all"], check=True, env=made.environment)


def test_apt_fetches_the_newest_of_two_versions(host: Host) -> None:
    assert host.apt("update").returncode == 0
    assert host.fetched() == ["menjin-server_0.3.0_amd64.deb"]
    host.package("0.10.0")
    assert host.write(at_seconds=RELEASED_AT_SECONDS + DAY_SECONDS) == ""
    assert host.apt("update").returncode == 0
    assert host.fetched() == ["menjin-server_0.10.0_amd64.deb", "menjin-server_0.3.0_amd64.deb"]


def test_the_same_packages_and_time_give_the_same_bytes(host: Host) -> None:
    def files() -> dict[str, bytes]:
        found = (path for path in host.repository.rglob("*") if path.is_file())
        return {str(path.relative_to(host.repository)): path.read_bytes() for path in found}

    before = files()
    assert host.write() == ""
    assert files() == before


def test_a_repository_that_another_key_signed_is_refused_and_the_lists_of_before_stay(host: Host) -> None:
    assert host.apt("update").returncode == 0
    host.key("a thief")
    host.package("0.4.0")
    assert host.write(key="a thief") == ""
    said = host.apt("update")
    assert said.returncode != 0
    assert "is not signed" in said.stderr or "NO_PUBKEY" in said.stderr or "Missing key" in said.stderr
    assert "0.4.0" not in host.apt("--print-uris", "download", "menjin-server").stdout


def test_half_a_repository_changes_nothing_on_a_machine(host: Host) -> None:
    assert host.apt("update").returncode == 0
    host.package("0.4.0")
    assert host.write(at_seconds=RELEASED_AT_SECONDS + DAY_SECONDS) == ""
    lists = host.repository / "dists/trixie/main/binary-amd64"
    shutil.rmtree(lists)
    assert host.apt("update").returncode != 0
    assert "_0.3.0_" in host.apt("--print-uris", "download", "menjin-server").stdout


def test_a_machine_that_read_the_index_of_before_still_gets_its_lists(host: Host) -> None:
    index = host.repository / "dists/trixie/InRelease"
    before = index.read_bytes()
    host.package("0.4.0")
    assert host.write(at_seconds=RELEASED_AT_SECONDS + DAY_SECONDS) == ""
    index.write_bytes(before)
    said = host.apt("update")
    assert said.returncode == 0, said.stderr
    assert host.fetched() == ["menjin-server_0.3.0_amd64.deb"]


def test_a_changed_package_is_not_fetched(host: Host) -> None:
    assert host.apt("update").returncode == 0
    path = host.repository / "menjin-server_0.3.0_amd64.deb"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert "Hash Sum mismatch" in host.fetched()[0]


def test_each_refusal_is_a_sentence_and_leaves_the_index(host: Host) -> None:
    index = host.repository / "dists/trixie/InRelease"
    before = index.read_bytes()
    assert "apt would ignore an index that is older" in host.write(at_seconds=RELEASED_AT_SECONDS - 1)
    assert host.write(key="a stranger").startswith("gpg has no secret key 'a stranger': ")
    assert host.write(key="").startswith("gpg has no secret key '': ")
    assert index.read_bytes() == before
    next(host.repository.glob("*.deb")).unlink()
    assert host.write().endswith("has no .deb: make release writes them\n")
    assert index.read_bytes() == before
