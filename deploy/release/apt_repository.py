"""Make a folder of Debian packages an apt repository for any static host, signed with an OpenPGP key.

Usage: python deploy/release/apt_repository.py FOLDER ADDRESS KEY; KEY is a fingerprint that gpg knows. It
offers every version whose packages lie there. A machine that fetches meanwhile gets the old lists or the
new ones: they are named by their hash, and the signed index is written last (apt-secure(8)).
"""

import hashlib
import lzma
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

from debian import MACHINES

SUITE = "trixie"
ABOUT = {
    "Origin": "Menjin",
    "Label": "Menjin",
    "Suite": SUITE,
    "Codename": SUITE,
    "Architectures": " ".join(MACHINES),
    "Components": "main",
    "Acquire-By-Hash": "yes",
}


def public_half(address: str, key: str) -> str:
    """Return the public half of a key that can sign a repository for an address; else say what to do."""
    tools = {"apt-ftparchive": "apt-utils", "gpg": "gnupg"}
    if missing := [package for tool, package in tools.items() if shutil.which(tool) is None]:
        sys.exit(f"an apt repository needs {' and '.join(missing)}: sudo apt install {' '.join(missing)}")
    if not re.fullmatch(r"(https?://|file:/)\S+", address):
        sys.exit(f"{address} is no address that apt fetches from: https://HOST/FOLDER")
    if not key or not _succeeds("gpg", "--batch", "--list-secret-keys", key):
        sys.exit(f"gpg has no secret key {key!r}: gpg --list-secret-keys shows those that it has")
    return _run(Path(), "gpg", "--armor", "--export-options", "export-minimal", "--export", key)


def write_repository(folder: Path, address: str, key: str, at_seconds: int) -> None:
    """Write lists, signed index and `menjin.sources`; an error leaves the index of before, which is whole."""
    public = public_half(address, key)
    if not list(folder.glob("*.deb")):
        sys.exit(f"{folder} has no .deb: make release writes them")
    suite = folder / "dists" / SUITE
    if (before := suite / "InRelease").exists():
        (signed_at,) = re.findall(r"^Date: (.*)$", before.read_text(encoding="utf-8"), re.MULTILINE)
        if parsedate_to_datetime(signed_at).timestamp() > at_seconds:
            sys.exit(f"{before} is of {signed_at}: apt would ignore an index that is older; set the clock")
    for machine in MACHINES:
        listed = [
            _run(folder, "apt-ftparchive", "packages", path.name)
            for path in sorted(folder.glob(f"*_{machine}.deb"))
        ]
        write_lists(suite / f"main/binary-{machine}", "".join(listed).encode())
    index = write_index(suite, at_seconds)
    when = ("--faked-system-time", f"{at_seconds}!")
    words = ("--batch", "--yes", "--local-user", key, "--digest-algo", "SHA512", *when)
    try:
        _run(suite, "gpg", *words, "--output", "InRelease.part", "--clearsign", index.name)
        (suite / "InRelease.part").replace(suite / "InRelease")
    finally:
        index.unlink()
    (folder / "menjin.sources").write_text(source_entry(address, public), encoding="utf-8")


def write_lists(place: Path, packages: bytes) -> None:
    """Write the lists for a machine, also under their hashes; those of before stay for running updates."""
    hashes = place / "by-hash/SHA256"
    hashes.mkdir(parents=True, exist_ok=True)
    for name, content in (("Packages", packages), ("Packages.xz", lzma.compress(packages))):
        (hashes / hashlib.sha256(content).hexdigest()).write_bytes(content)
        (place / name).write_bytes(content)


def write_index(suite: Path, at_seconds: int) -> Path:
    """Write the index of the lists, with the time it is signed at, and return it."""
    when = format_datetime(datetime.fromtimestamp(at_seconds, UTC))
    options = [
        f"-oAPT::FTPArchive::Release::{name}={value}" for name, value in {**ABOUT, "Date": when}.items()
    ]
    # By-hash files exist for SHA-256 alone, and apt asks for the strongest hash that the index lists.
    options += [f"-oAPT::FTPArchive::{name}=false" for name in ("MD5", "SHA1", "SHA512")]
    index = suite / "Release"
    index.write_text(_run(suite, "apt-ftparchive", *options, "release", "."), encoding="utf-8")
    return index


def source_entry(address: str, public: str) -> str:
    """Return a file for /etc/apt/sources.list.d with the key within (sources.list(5), deb822)."""
    key = "".join(f" {line or '.'}\n" for line in public.splitlines())
    fields = {"Types": "deb", "URIs": address, "Suites": SUITE, "Components": "main"}
    return "".join(f"{name}: {value}\n" for name, value in fields.items()) + f"Signed-By:\n{key}"


def _succeeds(*words: str) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def _run(folder: Path, *words: str) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{words[0]} failed in {folder}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    write_repository(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(time.time()))
