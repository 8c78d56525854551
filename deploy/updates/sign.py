"""Make and sign releases of the gates' program (The Update Framework): keys, versions, renewals.

    sign.py keys KEYS                       four keys and root.json; root.key and targets.key stay offline
    sign.py add RELEASE KEYS VERSION WHEELHOUSE [--machine cp313-aarch64]
                                            add a version; WHEELHOUSE holds its wheels, those of a gate
    sign.py remove RELEASE KEYS VERSION     offer a version no more
    sign.py allow-back RELEASE KEYS VERSION let gates go back to a version from newer ones
    sign.py renew RELEASE KEYS              sign the same versions for another half a year

RELEASE is what operators get: metadata/ and targets/. Root and targets keys stay offline and are needed to
add; `renew` needs the snapshot and timestamp keys alone. MENJIN_KEYS_PASSPHRASE protects the files of keys.
"""

import argparse
import json
import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

ROLES = ("root", "targets", "snapshot", "timestamp")
LASTS = {"root": 730, "targets": 365, "snapshot": 180, "timestamp": 180}
"""Days for which a signature holds; a gate takes nothing new from an ended one, and opens all the same."""
DEPLOY = Path(__file__).resolve().parents[1]
FILES = (
    "60-menjin.rules",
    "menjin-gate.service",
    "menjin-gate-launched.conf",
    "menjin-gate-pair.service",
    "menjin-terminal-kiosk.service",
)
"""What a gate's first start needs besides the program."""
BACK_TO = "menjin_back_to"
"""As `gate_controller.contract.updates` has it; this file runs without Menjin."""
PASSPHRASE = "MENJIN_KEYS_PASSPHRASE"  # noqa: S105 - the name of a variable


def main(arguments: list[str] | None = None) -> int:
    """Do one command; an error says what to do."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    keys = commands.add_parser("keys")
    keys.add_argument("keys", type=Path)
    for name in ("add", "remove", "allow-back", "renew"):
        command = commands.add_parser(name)
        command.add_argument("release", type=Path)
        command.add_argument("keys", type=Path)
        if name != "renew":
            command.add_argument("version")
        if name == "add":
            command.add_argument("wheelhouse", type=Path)
            command.add_argument("--machine", required=True, help="such as cp313-aarch64")
    chosen = parser.parse_args(arguments)
    now = datetime.now(UTC)
    if chosen.command == "keys":
        make_keys(chosen.keys, now)
    elif chosen.command == "add":
        add_version(chosen.release, chosen.keys, chosen.version, chosen.wheelhouse, chosen.machine, now)
    elif chosen.command == "allow-back":
        allow_back(chosen.release, chosen.keys, chosen.version, now)
    elif chosen.command == "remove":
        remove_version(chosen.release, chosen.keys, chosen.version, now)
    else:
        renew(chosen.release, chosen.keys, now)
    return 0


def make_keys(keys: Path, now: datetime) -> None:
    """Write one key for each role, and the root that names them."""
    keys.mkdir(mode=0o700, parents=True)
    root = Root(version=1, expires=_until("root", now))
    for role in ROLES:
        key = Ed25519PrivateKey.generate()
        path = keys / f"{role}.key"
        path.touch(mode=0o600)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _protection()))
        root.add_key(CryptoSigner(key).public_key, role)
    signed = Metadata(root)
    signed.sign(_signer(keys, "root"))
    signed.to_file(str(keys / "root.json"))
    print(f"{keys / 'root.json'} is what gates and servers trust; publish its digest.")


def add_version(
    release: Path, keys: Path, version: str, wheelhouse: Path, machine: str, now: datetime
) -> None:
    """Add a version's wheels and their list for one kind of machine, and sign."""
    wheels = sorted(wheelhouse.glob("*.whl"))
    if not any(wheel.name.startswith(f"menjin-{version}-") for wheel in wheels):
        sys.exit(f"{wheelhouse} has no menjin-{version}-….whl")
    (release / "metadata").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(keys / "root.json", release / "metadata" / "1.root.json")
    targets = _load(release, "targets", Targets(expires=now))
    listed = json.dumps({"wheels": [wheel.name for wheel in wheels]}).encode()
    entry = TargetFile.from_data(f"gate/{version}/{machine}.json", listed)
    _put(release, entry, listed)
    targets.targets[entry.path] = entry
    for wheel in wheels:
        entry = TargetFile.from_file(f"wheels/{wheel.name}", str(wheel))
        before = targets.targets.get(entry.path)
        if before is not None and before.hashes != entry.hashes:
            sys.exit(f"{wheel.name} was published with other bytes; give the package another version")
        _put(release, entry, wheel)
        targets.targets[entry.path] = entry
    for name in FILES:
        entry = TargetFile.from_file(f"files/{version}/{name}", str(DEPLOY / name))
        _put(release, entry, DEPLOY / name)
        targets.targets[entry.path] = entry
    _sign_all(release, keys, targets, now)
    print(f"{version} for {machine}: {len(wheels)} wheels in {release}")


def remove_version(release: Path, keys: Path, version: str, now: datetime) -> None:
    """Sign without a version; its wheels stay for the versions that share them."""
    targets = _load(release, "targets", Targets(expires=now))
    of_version = (f"gate/{version}/", f"files/{version}/")
    for name in [name for name in targets.targets if name.startswith(of_version)]:
        del targets.targets[name]
    _sign_all(release, keys, targets, now)


def allow_back(release: Path, keys: Path, version: str, now: datetime) -> None:
    """Sign that gates of newer versions may go back to this one."""
    targets = _load(release, "targets", Targets(expires=now))
    lists = [one for name, one in targets.targets.items() if name.startswith(f"gate/{version}/")]
    if not lists:
        sys.exit(f"{release} has no version {version}")
    for one in lists:
        one.unrecognized_fields["custom"] = {BACK_TO: True}
    _sign_all(release, keys, targets, now)
    print(f"gates may go back to {version}; 'remove' ends that")


def renew(release: Path, keys: Path, now: datetime) -> None:
    """Sign snapshot and timestamp once more."""
    targets = _load(release, "targets", None)
    _sign_snapshot(release, keys, targets.version, now)


# -- signing ---------------------------------------------------------------------------------------


def _sign_all(release: Path, keys: Path, targets: Targets, now: datetime) -> None:
    number = _newest(release, "targets") + 1
    targets.version, targets.expires = number, _until("targets", now)
    _write(release, keys, "targets", targets, f"{number}.targets.json")
    _sign_snapshot(release, keys, number, now)


def _sign_snapshot(release: Path, keys: Path, targets_version: int, now: datetime) -> None:
    number = _newest(release, "snapshot") + 1
    snapshot = Snapshot(
        version=number, expires=_until("snapshot", now), meta={"targets.json": MetaFile(targets_version)}
    )
    _write(release, keys, "snapshot", snapshot, f"{number}.snapshot.json")
    timestamp = Timestamp(version=number, expires=_until("timestamp", now), snapshot_meta=MetaFile(number))
    _write(release, keys, "timestamp", timestamp, "timestamp.json")


def _write(release: Path, keys: Path, role: str, content: Targets | Snapshot | Timestamp, name: str) -> None:
    signed = Metadata(content)
    signed.sign(_signer(keys, role))
    signed.to_file(str(release / "metadata" / name))


def _load(release: Path, role: str, first: Targets | None) -> Targets:
    number = _newest(release, role)
    if number:
        path = release / "metadata" / f"{number}.{role}.json"
        return Metadata[Targets].from_bytes(path.read_bytes()).signed
    if first is None:
        sys.exit(f"{release} has no version yet")
    return first


def _newest(release: Path, role: str) -> int:
    numbers = [int(path.name.partition(".")[0]) for path in (release / "metadata").glob(f"*.{role}.json")]
    return max(numbers, default=0)


def _put(release: Path, entry: TargetFile, content: bytes | Path) -> None:
    (name,) = entry.get_prefixed_paths()
    place = release / "targets" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.read_bytes())


def _until(role: str, now: datetime) -> datetime:
    return now.replace(microsecond=0) + timedelta(days=LASTS[role])


def _protection() -> KeySerializationEncryption:
    passphrase = os.environ.get(PASSPHRASE)
    return BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()


def _signer(keys: Path, role: str) -> CryptoSigner:
    path = keys / f"{role}.key"
    if not path.is_file():
        sys.exit(f"there is no {path}: this needs the {role} key")
    passphrase = os.environ.get(PASSPHRASE)
    try:
        key = load_pem_private_key(path.read_bytes(), passphrase.encode() if passphrase else None)
    except (TypeError, ValueError) as err:
        sys.exit(f"{path} does not open: {err}; set {PASSPHRASE}")
    if not isinstance(key, Ed25519PrivateKey):
        sys.exit(f"{path} is no Ed25519 key")
    return CryptoSigner(key)


if __name__ == "__main__":
    sys.exit(main())
