"""Fetch a signed version of the gate's program and lay it beside the one that runs.

What is offered is verified by The Update Framework against the root that this gate trusts; the server only
passes it on. A version's list `gate/VERSION/PYTHON-MACHINE.json` names its wheels, each a target of its own,
so that a wheel which two versions share is fetched once. Nothing here changes which version runs. The extra
`updater` brings the libraries; only a gate that its launcher started loads this file.

Older versions stay signed, with holes that are known by now, and an order is the server's word alone: a
version older than the one that runs is fetched only where the makers signed that gates may go back to it.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.sources import WheelFile
from packaging.version import InvalidVersion
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.api.metadata import TargetFile
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from gate_controller.contract.updates import (
    BACK_TO,
    MAX_WHEEL_BYTES,
    is_older,
    list_target,
    metadata_path,
    target_path,
)
from gate_controller.updates.launcher import lib_of, read_state, sync_folder
from gate_controller.updates.updates import Fetcher, NotDownloaded, NotFetched, OlderVersion

RESERVE_BYTES = 200_000_000
"""Space, in bytes, that stays free on the disk for the gate's own records."""
UNPACKED = 4
"""How many times its size a wheel may take when it is unpacked, with compiled modules."""
CHECK_SECONDS = 300.0
MAX_LIST_BYTES = 100_000
WheelName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.+-]{5,200}\.whl$")]

Get = Callable[[str], Iterator[bytes]]
"""Returns the bytes of a path of the server; raises NotDownloaded."""


class WheelList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wheels of one version for one kind of machine."""

    wheels: Annotated[tuple[WheelName, ...], msgspec.Meta(min_length=1, max_length=200)]


class _FromTheServer(FetcherInterface):
    def __init__(self, get: Get) -> None:
        self._get = get

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            yield from self._get(url)
        except NotDownloaded as err:
            raise DownloadHTTPError(str(err), err.status) if err.status else DownloadError(str(err)) from err


def make_fetcher(root: Path, site_file: Path, get: Get) -> Fetcher:
    """Return what fetches a version from the server and lets it read this gate's site file."""

    def fetch(version: str) -> None:
        fetch_version(root, version, get, read_state(root).running)
        check_version(root, version, site_file)

    return fetch


def machine_tag() -> str:
    """Return the kind of machine that this is, as lists of wheels name it, such as cp313-aarch64."""
    return f"cp{sys.version_info.major}{sys.version_info.minor}-{platform.machine()}"


def fetch_version(root: Path, version: str, get: Get, running: str) -> None:
    """Verify and unpack a version under `root`; raise NotFetched, and leave what runs untouched.

    `running` is the version that runs: an older one is fetched only where its signed list says BACK_TO.
    """
    try:
        wheels = _download(root, version, get, running)
        _unpack(root, version, wheels)
    except (RepositoryError, DownloadError) as err:
        raise NotFetched(f"{type(err).__name__}: {err}") from err
    except (InstallerError, msgspec.MsgspecError, ValueError) as err:
        raise NotFetched(f"its packages cannot be read: {err}") from err
    except OSError as err:
        raise NotFetched(f"{err.filename or 'disk'}: {err.strerror or err}") from err


def _download(root: Path, version: str, get: Get, running: str) -> list[Path]:
    """Return the verified wheels of a version."""
    folder = root / "versions"
    cache, known = folder / "wheels", folder / "tuf"
    cache.mkdir(exist_ok=True)
    known.mkdir(exist_ok=True)
    updater = Updater(
        str(known),
        metadata_path(""),
        str(cache),
        target_path(""),
        fetcher=_FromTheServer(get),
        config=UpdaterConfig(app_user_agent="menjin-gate"),
        bootstrap=(root / "root.json").read_bytes(),
    )
    updater.refresh()
    listed = _target(updater, list_target(version, machine_tag()), MAX_LIST_BYTES)
    _refuse_older(listed, version, running)
    wanted = msgspec.json.decode(
        Path(updater.find_cached_target(listed) or updater.download_target(listed)).read_bytes(),
        type=WheelList,
    )
    targets = [_target(updater, f"wheels/{name}", MAX_WHEEL_BYTES) for name in wanted.wheels]
    needed = sum(target.length for target in targets) * UNPACKED + RESERVE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NotFetched(f"{free / 1e6:.0f} MB are free on the disk and {needed / 1e6:.0f} MB are needed")
    found = []
    for target, name in zip(targets, wanted.wheels, strict=True):
        path = str(cache / name)
        if updater.find_cached_target(target, path) is None:
            updater.download_target(target, path)
        found.append(Path(path))
    for wheel in cache.glob("*.whl"):
        if wheel not in found:
            wheel.unlink()
    return found


def _refuse_older(listed: TargetFile, version: str, running: str) -> None:
    """Raise OlderVersion unless the version is as new as the one that runs, or signed to go back to."""
    try:
        goes_back = is_older(version, running)
    except InvalidVersion as err:
        raise NotFetched(f"{err}: it cannot be compared with {running}, which runs") from err
    if goes_back and not (isinstance(listed.custom, dict) and listed.custom.get(BACK_TO) is True):
        raise OlderVersion(
            f"{version} is older than {running}, which runs, and the makers signed no way back to it: the "
            "gate goes on; order a newer version, or ask the makers"
        )


def _target(updater: Updater, name: str, max_bytes: int) -> TargetFile:
    target = updater.get_targetinfo(name)
    if target is None:
        raise NotFetched(f"no {name} was signed")
    if target.length > max_bytes:
        raise NotFetched(f"{name} has {target.length:,} bytes")
    return target


def _unpack(root: Path, version: str, wheels: list[Path]) -> None:
    """Lay a version down whole or not at all, on the disk when this returns."""
    new, old = root / "versions" / f".new-{version}", root / "versions" / f".new-{version}-before"
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)
    lib = str(new / "lib")
    destination = SchemeDictionaryDestination(
        {
            "purelib": lib,
            "platlib": lib,
            "headers": str(new / "include"),
            "scripts": str(new / "bin"),
            "data": str(new / "data"),
        },
        interpreter=sys.executable,
        script_kind="posix",
        bytecode_optimization_levels=(0,),
    )
    for wheel in wheels:
        with WheelFile.open(wheel) as source:
            source.validate_record()
            install(source, destination, {})
    # Each file on its own would take minutes on a memory card.
    os.sync()
    place = root / "versions" / version
    if place.exists():
        os.replace(place, old)  # noqa: PTH105
    os.replace(new, place)  # noqa: PTH105
    sync_folder(place.parent)
    shutil.rmtree(old, ignore_errors=True)


def check_version(root: Path, version: str, site_file: Path) -> None:
    """Let a version load all its modules and read the site file; raise NotFetched where it does not."""
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); import menjin; sys.exit(menjin.main())"
    command = [
        sys.executable,
        "-I",
        "-c",
        code,
        str(lib_of(root, version)),
        "gate",
        "ready",
        str(site_file),
    ]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CHECK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise NotFetched(f"it does not start here: {err}") from err
    said = done.stdout.strip()
    if done.returncode or said != version:
        last = (done.stderr.strip().splitlines() or [f"it says that it is {said!r}"])[-1]
        raise NotFetched(f"it does not start here: {last[:300]}")
