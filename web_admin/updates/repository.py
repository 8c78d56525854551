"""Keep signed versions of the gates' program for the gates, after checking every signature and digest.

    <data_dir>/updates/root.json    the makers' keys that this compound trusts, given once by the operator
    <data_dir>/updates/known/       what was verified last, so that no older release comes back
    <data_dir>/updates/metadata/    what gates fetch: signed metadata
    <data_dir>/updates/targets/     and wheels

The server signs nothing of it: a break-in here can keep a version back, never make one.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.version import InvalidVersion, Version
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata, Root, TargetFile, Targets
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface

from gate_controller.contract.updates import BACK_TO, list_target
from web_admin.core.named_faults import naming

CHUNK_BYTES = 1 << 20
_LIST = re.compile(r"gate/([0-9][A-Za-z0-9.+]{0,39})/([A-Za-z0-9_]+-[A-Za-z0-9_]+)\.json")
_FROM = "file:///"


class ReleaseRefused(Exception):
    """A release does not verify, or no keys are trusted yet; nothing was added."""


def metadata_folder(data_dir: Path) -> Path:
    """Return where gates' metadata lies."""
    return data_dir / "updates" / "metadata"


def targets_folder(data_dir: Path) -> Path:
    """Return where gates' wheels lie."""
    return data_dir / "updates" / "targets"


def trust_root(data_dir: Path, root: Path) -> None:
    """Take the makers' keys; raise ReleaseRefused where other ones are trusted already or it is no root."""
    kept = data_dir / "updates" / "root.json"
    content = root.read_bytes()
    try:
        signed = Metadata[Root].from_bytes(content)
        if not isinstance(signed.signed, Root):
            raise ReleaseRefused(f"{root} is no root of a release: it names no keys")
        signed.signed.verify_delegate("root", signed.signed_bytes, signed.signatures)
    except (RepositoryError, ValueError) as err:
        raise ReleaseRefused(f"{root} is no root of a release: {err}") from err
    if kept.exists() and kept.read_bytes() != content:
        raise ReleaseRefused(f"{kept} trusts other keys; compare both, and remove it only if you are sure")
    kept.parent.mkdir(parents=True, exist_ok=True)
    _write(kept, content)


def add_release(data_dir: Path, release: Path) -> list[str]:
    """Verify a release's folder and copy it; return the versions it has for gates.

    Raises ReleaseRefused on a signature, digest, length, date or number that is not right, with nothing
    changed. Files come before the metadata that names them, so that a gate that asks meanwhile is served.
    """
    base = data_dir / "updates"
    if not (base / "root.json").is_file():
        raise ReleaseRefused(
            "no keys of the makers are trusted yet: give their root.json once with --root FILE, after "
            "comparing its digest with the one that they publish"
        )
    trial = base / "known.new"
    shutil.rmtree(trial, ignore_errors=True)
    if (base / "known").is_dir():
        shutil.copytree(base / "known", trial, symlinks=True)
    trial.mkdir(exist_ok=True)
    try:
        updater = Updater(
            str(trial),
            f"{_FROM}metadata/",
            str(trial),
            f"{_FROM}targets/",
            fetcher=_FromFolder(release),
            bootstrap=(base / "root.json").read_bytes(),
        )
        updater.refresh()
        targets = _targets_of(trial)
        for target in targets:
            _keep_target(data_dir, release, updater.get_targetinfo(target.path) or target)
    except (RepositoryError, DownloadError, ValueError) as err:
        shutil.rmtree(trial, ignore_errors=True)
        raise ReleaseRefused(f"{release} was not added: {err}") from err
    _keep_metadata(metadata_folder(data_dir), trial)
    shutil.rmtree(base / "known", ignore_errors=True)
    trial.rename(base / "known")
    return offered_versions(data_dir)


def offered_versions(data_dir: Path) -> list[str]:
    """Return the versions that gates can fetch and compare with their own, the newest last."""
    try:
        lists = _lists_of(data_dir)
    except OSError:
        return []
    return sorted((version for version in lists if _is_version(version)), key=Version)


def versions_to_go_back_to(data_dir: Path) -> set[str]:
    """Return the versions that the makers signed for going back to, on every kind of machine."""
    try:
        lists = _lists_of(data_dir)
    except OSError:
        return set()
    return {
        version
        for version, signed in lists.items()
        if all(isinstance(one.custom, dict) and one.custom.get(BACK_TO) is True for one in signed)
    }


def machines_of(data_dir: Path, version: str) -> list[str]:
    """Return for which kinds of machine a version was signed, such as cp313-aarch64."""
    targets = _targets_of(data_dir / "updates" / "known")
    return sorted(m[2] for one in targets if (m := _LIST.fullmatch(one.path)) and m[1] == version)


def copy_version(data_dir: Path, version: str, machine: str, into: Path) -> None:
    """Copy a version's wheels, units and rules, and the trusted root, checking every byte once more."""
    targets = {target.path: target for target in _targets_of(data_dir / "updates" / "known")}
    listed = targets.get(list_target(version, machine))
    if listed is None:
        raise ReleaseRefused(f"no version {version} was signed for {machine}")
    wheels = json.loads(_checked(data_dir, listed))["wheels"]
    wanted = {f"wheels/{name}": f"wheels/{name}" for name in wheels}
    prefix = f"files/{version}/"
    wanted |= {path: f"files/{path.removeprefix(prefix)}" for path in targets if path.startswith(prefix)}
    for path, place in wanted.items():
        copied = into / place
        copied.parent.mkdir(parents=True, exist_ok=True)
        content = _checked(data_dir, targets[path])
        with naming(copied):
            copied.write_bytes(content)
    with naming(into / "root.json"):
        shutil.copyfile(data_dir / "updates" / "root.json", into / "root.json")


def _checked(data_dir: Path, target: TargetFile) -> bytes:
    content = (targets_folder(data_dir) / target.get_prefixed_paths()[0]).read_bytes()
    try:
        target.verify_length_and_hashes(content)
    except RepositoryError as err:
        raise ReleaseRefused(f"{target.path} was changed here: {err}; add its release again") from err
    return content


def _is_version(version: str) -> bool:
    try:
        Version(version)
    except InvalidVersion:
        return False
    return True


def _lists_of(data_dir: Path) -> dict[str, list[TargetFile]]:
    """Return each version's lists, one for each kind of machine; raise OSError where none was added."""
    found: dict[str, list[TargetFile]] = {}
    for target in _targets_of(data_dir / "updates" / "known"):
        if match := _LIST.fullmatch(target.path):
            found.setdefault(match[1], []).append(target)
    return found


def _targets_of(known: Path) -> list[TargetFile]:
    signed = Metadata[Targets].from_bytes((known / "targets.json").read_bytes()).signed
    return list(signed.targets.values())


def _keep_target(data_dir: Path, release: Path, target: TargetFile) -> None:
    """Copy a file under the name with its digest; raise LengthOrHashMismatchError, a RepositoryError."""
    for path in target.get_prefixed_paths():
        place = targets_folder(data_dir) / path
        if not place.resolve().is_relative_to(targets_folder(data_dir).resolve()):
            raise ReleaseRefused(f"{target.path!r} leads out of the release")
        if place.is_file() and place.stat().st_size == target.length:
            continue
        source = release / "targets" / path
        try:
            with source.open("rb") as file:
                target.verify_length_and_hashes(file)
        except OSError as err:
            raise ReleaseRefused(f"{source}: {err.strerror}") from err
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part")
        shutil.copyfile(source, part)
        with part.open("rb") as file:
            target.verify_length_and_hashes(file)
            os.fsync(file.fileno())
        part.replace(place)


def _keep_metadata(folder: Path, known: Path) -> None:
    """Copy what was verified: named by number first, the timestamp that leads to it last."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((known / "root_history").glob("*.root.json")):
        _write(folder / path.name, path.read_bytes())
    for role in ("targets", "snapshot"):
        content = (known / f"{role}.json").read_bytes()
        number = Metadata.from_bytes(content).signed.version
        _write(folder / f"{number}.{role}.json", content)
    _write(folder / "timestamp.json", (known / "timestamp.json").read_bytes())


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    with naming(path), part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


class _FromFolder(FetcherInterface):
    """Reads a release's folder as if it were a server."""

    def __init__(self, release: Path) -> None:
        self._release = release

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self._release / unquote(urlsplit(url).path).lstrip("/")
        if not path.is_file():
            raise DownloadHTTPError(f"{path} is missing", 404)
        return _chunks(path)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
