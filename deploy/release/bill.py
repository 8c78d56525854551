"""Write what a release is made of: a CycloneDX bill of materials, and the licences of all of it."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

NO_LICENCE = "not stated in its metadata"


def write_bill(root: Path, lock: str, version: str, at_seconds: int, target: Path) -> None:
    """Write the bill of one lock file and of the scripts that pages load (CycloneDX 1.6, JSON).

    The time is that of the commit and there is no serial number: the same commit gives the same bill.
    """
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "cyclonedx_py",
            "requirements",
            lock,
            "--pyproject",
            "pyproject.toml",
            "--mc-type",
            "application",
            "--spec-version",
            "1.6",
            "--output-reproducible",
            "--of",
            "JSON",
        ],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"the bill of {lock} could not be written:\n{done.stderr[-2000:]}")
    bill = json.loads(done.stdout)
    bill["metadata"]["timestamp"] = datetime.fromtimestamp(at_seconds, UTC).isoformat()
    bill["metadata"]["component"]["version"] = version
    if "web" in lock:
        bill["components"] += [script(root, name) for name in scripts(root)]
    for component in bill["components"]:
        licence = licence_of(component["name"])
        if licence != NO_LICENCE and "licenses" not in component:
            component["licenses"] = [{"license": {"name": licence}}]
    target.write_text(json.dumps(bill, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def write_image_bill(bill: Path, packages: Iterable[Path], target: Path) -> None:
    """Write the bill of an image: that of its program, and the Debian packages that it is laid out of."""
    made = json.loads(bill.read_text(encoding="utf-8"))
    made["components"] += [debian_package(path) for path in packages]
    target.write_text(json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def debian_package(path: Path) -> dict[str, object]:
    """Return a package of Debian's or of ours as a component, with the hash of its file."""
    fields = ("Package", "Version", "Architecture")
    shown = ["dpkg-deb", "--show", "--showformat", "\t".join(f"${{{name}}}" for name in fields), path]
    said = subprocess.run(shown, check=True, capture_output=True, text=True).stdout
    name, version, machine = said.split("\t")
    purl = f"pkg:deb/debian/{name}@{quote(version)}?arch={machine}&distro=debian-13"
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": purl,
        "bom-ref": purl,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}],
    }


def scripts(root: Path) -> list[str]:
    """Return the npm packages that pages load."""
    return sorted(json.loads((root / "package.json").read_text(encoding="utf-8"))["dependencies"])


def script(root: Path, name: str) -> dict[str, object]:
    """Return one npm package as a component, with the hash that npm checks."""
    locked = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    package = locked[f"node_modules/{name}"]
    purl = f"pkg:npm/{name}@{package['version']}"
    return {
        "type": "library",
        "name": name,
        "version": package["version"],
        "purl": purl,
        "bom-ref": purl,
        "licenses": [{"license": {"name": package["license"]}}],
        "properties": [{"name": "npm:integrity", "value": package["integrity"]}],
    }


def write_licences(root: Path, locks: list[str], target: Path) -> None:
    """Write the name, version and licence of each package that a server or a gate installs, and of Menjin."""
    lines = ["Menjin itself: Apache-2.0 (LICENSE).", "", "What it is installed with:"]
    pinned = {
        line.split()[0]
        for lock in locks
        for line in (root / lock).read_text("utf-8").splitlines()
        if line and not line.startswith((" ", "#"))
    }
    for pin in sorted(pinned):
        name, _, version = pin.partition("==")
        lines.append(f"  {name} {version.split(';')[0].strip()}: {licence_of(name)}")
    for name in scripts(root):
        found = script(root, name)
        lines.append(f"  {name} {found['version']} (npm): {found['licenses'][0]['license']['name']}")  # type: ignore[index]
    target.write_text("\n".join([*lines, ""]), encoding="utf-8")


def licence_of(name: str) -> str:
    """Return the licence that an installed package states."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return NO_LICENCE
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    classifiers = [str(one) for one in about.get_all("Classifier") or ()]
    classes = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License ::")]
    if classes:
        return "; ".join(classes)
    stated = (about.get("License") or "").strip().splitlines()
    return stated[0] if stated else NO_LICENCE
