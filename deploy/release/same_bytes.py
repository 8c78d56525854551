"""Write archives so that the same files give the same bytes on every machine."""

import gzip
import tarfile
import time
import zipfile
from pathlib import Path

FILE_MODE, PROGRAM_MODE, FOLDER_MODE = 0o644, 0o755, 0o755
FIRST_ZIP_SECONDS = 315532800
"""A zip knows no time before 1980."""


def rewrite_wheel(wheel: Path, at_seconds: int) -> None:
    """Pack a wheel again with one time, sorted names and plain modes; RECORD stays last, as PEP 427 asks."""
    when = time.gmtime(max(at_seconds, FIRST_ZIP_SECONDS))[:6]
    part = wheel.with_suffix(".part")
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name.endswith(".dist-info/RECORD"), name)):
            info = zipfile.ZipInfo(name, when)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = (0o100000 | FILE_MODE) << 16
            new.writestr(info, old.read(name))
    part.replace(wheel)


def rewrite_sdist(sdist: Path, at_seconds: int) -> None:
    """Pack a `.tar.gz` again with one time and owner, sorted names and plain modes."""
    part = sdist.with_suffix(".part")
    with (
        tarfile.open(sdist) as old,
        part.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=at_seconds) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for info in sorted(old.getmembers(), key=lambda info: info.name):
            info.mtime, info.uid, info.gid, info.uname, info.gname = at_seconds, 0, 0, "", ""
            info.pax_headers = {}
            is_program = bool(info.mode & 0o100)
            info.mode = FOLDER_MODE if info.isdir() else PROGRAM_MODE if is_program else FILE_MODE
            new.addfile(info, old.extractfile(info) if info.isfile() else None)
    part.replace(sdist)
