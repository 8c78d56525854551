"""Every file of deploy/ lies in a package, or has its reason why not."""

import subprocess
import sys
from pathlib import Path

from tests.support.wheels import ROOT

NOT_IN_A_PACKAGE = {
    "debian/": "what packages are made of: commands, maintainer scripts, parts with other names",
    "images/": "commands of the images, which are laid out of packages",
    "release/": "makes releases, on the machine of who publishes them",
    "updates/sign.py": "signs what gates of an image take, away from every server",
    "menjin-gate-launched.conf": "of a gate's image",
    "menjin-gate-pair.service": "of a gate's image",
    "raspberry_pi.md": "a page of the documentation",
    "server.md": "a page of the documentation",
}
EXAMPLES = ("monitoring", "several_machines", "helm", "compose.yaml", "Containerfile")
"""What an operator copies and changes, by its place below deploy/."""


def laid(name: str, tree: Path) -> dict[Path, bytes]:
    """Lay a package's own files, without its environment; give each with what is in it."""
    sys.path.insert(0, str(ROOT / "deploy/release"))
    try:
        from debian import PACKAGES, lay_files  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(ROOT / "deploy/release"))
    (package,) = (each for each in PACKAGES if each.name == name)
    lay_files(package, tree)
    return {path.relative_to(tree): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def shipped() -> list[str]:
    """What the repository has below deploy/, and is not left out of packages for a reason."""
    command = ["git", "ls-files", "deploy"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = [line.removeprefix("deploy/") for line in listed.splitlines()]
    return [name for name in names if not name.startswith(tuple(NOT_IN_A_PACKAGE))]


def test_what_deploy_ships_is_in_a_package(tmp_path: Path) -> None:
    server, gate = laid("menjin-server", tmp_path / "server"), laid("menjin-gate", tmp_path / "gate")
    # Units run the package's program.
    texts = {
        text.replace(f"/usr/lib/menjin-{files}/bin/menjin".encode(), b"/opt/menjin/.venv/bin/menjin")
        for files, found in (("server", server), ("gate", gate))
        for text in found.values()
    }
    in_place = {name: (ROOT / "deploy" / name).read_bytes() for name in shipped()}
    assert [name for name, text in in_place.items() if text not in texts] == []
    place = Path("usr/share/doc/menjin-server/examples")
    copied = {path.relative_to(place): text for path, text in server.items() if path.is_relative_to(place)}
    assert copied == {Path(name): text for name, text in in_place.items() if name.startswith(EXAMPLES)}
    assert {path.parts[0] for path in copied} == set(EXAMPLES)


def test_a_reason_is_about_a_file_that_is_there() -> None:
    assert [name for name in NOT_IN_A_PACKAGE if not (ROOT / "deploy" / name).exists()] == []
