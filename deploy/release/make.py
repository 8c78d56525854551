"""Make a release of the newest commit: packages, bill of materials, licences, notes, sums and a signature.

Usage: python deploy/release/make.py OUT [--key SSH_PRIVATE_KEY] [--debian [--apt ADDRESS OPENPGP_KEY]]
with --images also images of server and gate. The same commit gives the same bytes; of images, with the same
packages of Debian's.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from apt_repository import public_half, write_repository
from bill import write_bill, write_licences
from debian import build_all
from docs_site import pack_site
from images import refuse_without_tools, write_images
from same_bytes import rewrite_wheel
from without_face import without_face

ROOT = Path(__file__).resolve().parents[2]
NAMESPACE = "menjin-release"
LOCKS = {
    "server": "requirements-web.lock",
    "gate": "requirements-gate.lock",
    "gate-without-face": "requirements-gate-without-face.lock",
}


def main() -> int:
    """Make a release and say what lies where; an error says what to do and leaves no half release."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--key", type=Path, help="private SSH key that signs the sums; it may lie on a stick")
    parser.add_argument("--docs", action="store_true", help="with the documentation as a site")
    parser.add_argument("--debian", action="store_true", help="with packages for Debian, where dpkg-deb is")
    parser.add_argument("--apt", nargs=2, metavar=("ADDRESS", "KEY"), help="with an apt repository of them")
    parser.add_argument("--images", action="store_true", help="with OCI images of server and gate")
    chosen = parser.parse_args()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    refuse(chosen)
    at_seconds = int(_git("log", "-1", "--format=%ct"))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        made.mkdir()
        _build(Path(folder) / "source", made, at_seconds)
        for place, lock in LOCKS.items():
            write_bill(ROOT, lock, version, at_seconds, made / f"menjin-{version}-{place}.cdx.json")
        if chosen.docs:
            pack_site(made / f"menjin-{version}-docs.zip", at_seconds)
        (wheel,) = made.glob("*.whl")
        without_face(wheel, made, at_seconds)
        build_laboratory(Path(folder) / "source", made, at_seconds)
        if (chosen.debian or chosen.images) and shutil.which("dpkg-deb"):
            build_all(made, made)
        if chosen.apt:
            write_repository(made, *chosen.apt, at_seconds)
        if chosen.images:
            write_images(made, at_seconds, _git("rev-parse", "HEAD"))
        write_licences(ROOT, list(LOCKS.values()), made / "LICENCES.txt")
        (made / "NOTES.md").write_text(notes(version), encoding="utf-8")
        _sum(made)
        if chosen.key is not None:
            _sign(made / "SHA256SUMS", chosen.key)
        shutil.move(made, chosen.out)
    print(f"Menjin {version} of {_git('log', '-1', '--format=%h')} is in {chosen.out}:")
    for file in sorted(file for file in chosen.out.iterdir() if file.is_file()):
        print(f"  {file.stat().st_size:>10,}  {file.name}")
    if chosen.debian and not shutil.which("dpkg-deb"):
        print("Without dpkg-deb no packages for Debian were made: they are a part of each release")
    if chosen.key is None:
        print("SHA256SUMS is not signed: make release KEY=path signs it")
    return 0


def refuse(chosen: argparse.Namespace) -> None:
    """Say what keeps a release from being made, before anything is built."""
    changed = _git("status", "--porcelain")
    if changed:
        sys.exit(f"a release is made of a commit, and these files are in none:\n{changed}")
    if chosen.key is not None and not chosen.key.is_file():
        sys.exit(f"there is no key {chosen.key}; ssh-keygen -t ed25519 -f {chosen.key} makes one")
    if chosen.apt:
        public_half(*chosen.apt)  # refused now, not after the packages are built
    if chosen.images:
        refuse_without_tools()
    if chosen.out.exists():
        sys.exit(f"{chosen.out} exists; choose another folder or remove it")


def notes(version: str) -> str:
    """Return what the changelog says of a version; of one that is not named there, what is unreleased."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for name in (version, "Unreleased"):
        section = rf"^## \[{re.escape(name)}\].*?\n(.*?)(?=^## |\Z)"
        found = re.search(section, text, re.MULTILINE | re.DOTALL)
        if found:
            return f"# Menjin {version}\n\n{found[1].strip()}\n"
    sys.exit(f"CHANGELOG.md says nothing of {version}")


def _build(source: Path, made: Path, at_seconds: int) -> None:
    """Build sdist and wheel of a clean clone; the wheel of the sdist has to be the same."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(source)], check=True)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(at_seconds), "PYTHONDONTWRITEBYTECODE": "1"}
    _hook("build_sdist", source, made, environment)
    _hook("build_wheel", source, made, environment)
    (sdist,) = made.glob("*.tar.gz")
    (wheel,) = made.glob("*.whl")
    again = source.parent / "again"
    again.mkdir()
    shutil.unpack_archive(sdist, again, filter="data")
    _hook("build_wheel", again / sdist.name.removesuffix(".tar.gz"), again, environment)
    if (again / wheel.name).read_bytes() != wheel.read_bytes():
        sys.exit("the wheel of the sdist differs from that of the clone: MANIFEST.in leaves something out")


def build_laboratory(source: Path, made: Path, at_seconds: int) -> Path:
    """Build the wheel of the face laboratory, a package of its own beside that of a gate; return it."""
    home = source / "face_laboratory"
    shutil.copy(source / "LICENSE", home)
    call = f"from setuptools import build_meta; build_meta.build_wheel({str(made)!r})"
    done = subprocess.run([sys.executable, "-c", call], cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the wheel of the face laboratory failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    (wheel,) = made.glob("menjin_face_laboratory-*.whl")
    rewrite_wheel(wheel, at_seconds)
    return wheel


def _hook(hook: str, source: Path, out: Path, environment: dict[str, str]) -> None:
    call = f"import sys; sys.path.insert(0, 'deploy/release'); import backend; backend.{hook}({str(out)!r})"
    done = subprocess.run(
        [sys.executable, "-c", call], cwd=source, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{hook} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _sum(made: Path) -> None:
    files = sorted(file for file in made.rglob("*") if file.is_file())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(made)}\n" for file in files]
    (made / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def _sign(sums: Path, key: Path) -> None:
    """Sign the sums with an SSH key (PROTOCOL.sshsig): every system with OpenSSH can check them."""
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", key, sums], check=True)


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
