"""Make Debian packages of a release: server, gate, gate without face, for 64-bit PCs and Raspberry Pis.

Usage: python deploy/release/debian.py WHEELS OUT [--machine amd64]; WHEELS is a release or its two wheels.
Each package has an environment of its own with what its lock file pins, so that nothing is fetched where it
is installed. It needs dpkg-deb, and no compiler: wheels of the other machine are laid out as they are. Same
wheels, same bytes.
"""

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

from same_bytes import rewrite_wheel

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PYTHON = "3.13"
"""What Debian 13 and Raspberry Pi OS of 2025 have; compiled wheels are for one Python."""
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
NEWEST_GLIBC = 41
"""Debian 13's: wheels for a later one would not load."""
SOURCE_ONLY = "flask-principal"
"""Pure Python, but published only as source: built here, with the tools of this environment."""
CHECKOUTS_PROGRAM = "/opt/menjin/.venv/bin/menjin"
"""What the units of a checkout run."""
EXAMPLES_OF_SERVER = ("monitoring", "several_machines", "helm", "compose.yaml", "Containerfile")
"""Of deploy/, in /usr/share/doc/menjin-server/examples: what one copies and changes."""
COMMON = (
    "python3 (>= 3.13~), python3 (<< 3.14), libc6 (>= 2.41), libgcc-s1, libstdc++6, zlib1g, systemd (>= 257)"
)


@dataclass(frozen=True)
class Package:
    """One package: what is in it and what its control file says."""

    name: str
    lock: str
    wheel: str
    """The beginning of its wheel's name."""
    files: str
    """The folder of `deploy/debian` with its commands and maintainer scripts; its environment is named so."""
    commands: tuple[str, ...]
    """Of that folder, in /usr/bin."""
    units: tuple[str, ...]
    summary: str
    says: str
    relations: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> str:
        return f"usr/lib/menjin-{self.files}"


GATE_UNITS = ("menjin-gate.service", "menjin-terminal-kiosk.service")
GATE = "It opens by card, PIN, QR code, decides alone and goes on without network and server."
SCREEN = {"Suggests": "cage, chromium, fonts-noto-cjk, baresip-core, nftables"}
PACKAGES = (
    Package(
        "menjin-server",
        "requirements-web.lock",
        "menjin-",
        "server",
        ("menjin-server", "menjin-head-office"),
        (
            "menjin-web.service",
            "menjin-backup.service",
            "menjin-backup.timer",
            "menjin-backup-cells.service",
            "menjin-head-office.service",
        ),
        "gates of a residential compound: pages and interface",
        "The server of Menjin: pages for residents, staff and the public, and what gates ask. Begin with "
        "menjin-server-setup. A head office over many compounds is in it too, and off.",
        {"Recommends": "caddy", "Suggests": "postgresql"},
    ),
    Package(
        "menjin-gate",
        "requirements-gate.lock",
        "menjin-",
        "gate",
        ("menjin-gate",),
        GATE_UNITS,
        "gates of a residential compound: the controller at a gate",
        f"{GATE} A face is looked at where a person has asked for it. Begin with menjin-gate-setup.",
        SCREEN,
    ),
    Package(
        "menjin-gate-without-face",
        "requirements-gate-without-face.lock",
        "menjin_gate_without_face-",
        "gate",
        ("menjin-gate",),
        GATE_UNITS,
        "gates of a residential compound: a controller without face",
        f"{GATE} It holds no code that could look at a face. Begin with menjin-gate-setup.",
        {
            "Provides": "menjin-gate (= @DEBIAN_VERSION@)",
            "Conflicts": "menjin-gate",
            "Replaces": "menjin-gate",
            **SCREEN,
        },
    ),
)


def build_all(
    wheels: Path,
    out: Path,
    machines: tuple[str, ...] = tuple(MACHINES),
    *,
    house: Path | None = None,
    is_quick: bool = False,
) -> list[Path]:
    """Write each package for each machine into a folder; return them."""
    if shutil.which("dpkg-deb") is None:
        sys.exit("Debian packages need dpkg-deb, which Debian and Ubuntu have (elsewhere: the package dpkg)")
    at_seconds, maintainer = _commit("%ct"), _commit("%cn <%ce>")
    return [
        build(package, machine, wheels, out, int(at_seconds), maintainer, house=house, is_quick=is_quick)
        for package in PACKAGES
        for machine in machines
    ]


def build(
    package: Package,
    machine: str,
    wheels: Path,
    out: Path,
    at_seconds: int,
    maintainer: str,
    *,
    house: Path | None = None,
    is_quick: bool = False,
) -> Path:
    """Write one package and return it; what was fetched stays in `house`. A quick one is not compressed."""
    (own,) = wheels.glob(f"{package.wheel}*.whl")
    version = own.name.split("-")[1]
    debian_version = re.sub(r"(a|b|rc|\.dev)(?=\d)", r"~\1", version)
    with tempfile.TemporaryDirectory() as folder:
        folders = house if house is not None else Path(folder)
        tree, fetched = Path(folder) / "tree", folders / f"{Path(package.lock).stem}-{machine}"
        if not fetched.exists():
            fetch(package.lock, machine, fetched, at_seconds)
        lay_environment([*fetched.glob("*.whl"), own], tree / package.home, f"/{package.home}")
        lay_files(package, tree)
        write_documents(package, tree, debian_version, at_seconds, maintainer)
        write_control(package, tree, machine, debian_version, maintainer)
        fix_modes(tree, package, at_seconds)
        target = out / f"{package.name}_{debian_version}_{machine}.deb"
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Znone" if is_quick else "-Zxz", "--build", tree, target],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(at_seconds)},
        )
    return target


def pins(lock: str, machine: str) -> Iterator[tuple[str, str]]:
    """Yield name and lines of what a lock file pins for Debian's Python on a machine, without conditions."""
    from packaging.markers import Marker

    there = {
        "python_version": PYTHON,
        "python_full_version": f"{PYTHON}.5",
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_system": "Linux",
        "platform_machine": MACHINES[machine],
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    for block in re.split(r"\n(?=\S)", (ROOT / lock).read_text(encoding="utf-8")):
        first, _, hashes = block.partition("\n")
        if first.startswith("#"):
            continue
        pin, _, marker = first.removesuffix("\\").partition(";")
        if not marker or Marker(marker.strip()).evaluate(there):
            yield pin.partition("==")[0], f"{pin.strip()} \\\n{hashes}\n"


def fetch(lock: str, machine: str, house: Path, at_seconds: int) -> None:
    """Fetch what a lock file pins as wheels of a machine, each checked by its hash."""
    found = dict(pins(lock, machine))
    own_build = found.pop(SOURCE_ONLY, None)
    chip = MACHINES[machine]
    platforms = [f"manylinux_2_{minor}_{chip}" for minor in range(NEWEST_GLIBC, 16, -1)]
    house.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.lock"
        wanted.write_text("".join(found.values()), encoding="utf-8")
        _pip(
            "download",
            "--only-binary",
            ":all:",
            "--python-version",
            PYTHON,
            "--implementation",
            "cp",
            *(word for abi in ("cp313", "abi3", "none") for word in ("--abi", abi)),
            *(word for name in (*platforms, f"manylinux2014_{chip}") for word in ("--platform", name)),
            "--dest",
            str(house),
            "-r",
            str(wanted),
        )
        if own_build is not None:
            wanted.write_text(own_build, encoding="utf-8")
            _pip(
                "wheel",
                "--no-build-isolation",
                "--no-binary",
                ":all:",
                "--wheel-dir",
                str(house),
                "-r",
                str(wanted),
                SOURCE_DATE_EPOCH=str(at_seconds),
            )
            (built,) = house.glob("[fF]lask_[pP]rincipal-*.whl")
            rewrite_wheel(built, at_seconds)


def _pip(command: str, *words: str, **more: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            command,
            "--quiet",
            "--no-deps",
            "--require-hashes",
            *words,
        ],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **more},
    )
    if done.returncode:
        sys.exit(f"pip {command} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")


def lay_environment(wheels: Iterable[Path], home: Path, there: str) -> None:
    """Lay an environment with these wheels below `home`; it works at the path `there`."""
    from installer import install
    from installer.destinations import SchemeDictionaryDestination
    from installer.sources import WheelFile

    inside = home / "lib" / f"python{PYTHON}" / "site-packages"
    inside.mkdir(parents=True)
    (home / "bin").mkdir()
    for wheel in sorted(wheels, key=lambda wheel: wheel.name):
        destination = SchemeDictionaryDestination(
            {
                "purelib": str(inside),
                "platlib": str(inside),
                "headers": str(home / "include"),
                "scripts": str(home / "scripts"),
                "data": str(home / "data"),
            },
            interpreter=f"{there}/bin/python3",
            script_kind="posix",
        )
        with WheelFile.open(wheel) as source:
            source.validate_record()
            install(source, destination, {"INSTALLER": b"dpkg\n"})
    # Commands of libraries, their headers and man pages: nothing here runs them.
    for name in ("scripts", "include", "data"):
        shutil.rmtree(home / name, ignore_errors=True)
    about = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {PYTHON}\n"
    (home / "pyvenv.cfg").write_text(about, encoding="utf-8")
    (home / "bin" / "python3").symlink_to("../../../bin/python3")
    called = "".join(f"export {name}={value}\n" for name, value in names_of_commands().items())
    # By its own place: a second version may be unpacked beside the installed one (menjin-server-beside).
    own = '"$(dirname "$(readlink -f "$0")")"'
    start = f'#!/bin/sh\n{called}exec {own}/python3 -I -m menjin "$@"\n'
    (home / "bin" / "menjin").write_text(start)


def names_of_commands() -> dict[str, str]:
    """Return the variables by which texts name the commands as these packages have them."""
    sys.path.insert(0, str(ROOT))
    try:
        from gate_controller.command_line.command_names import OF_PACKAGES
    finally:
        sys.path.remove(str(ROOT))
    return OF_PACKAGES


def lay_files(package: Package, tree: Path) -> None:
    """Lay commands, units, rules, users and settings where Debian has them."""
    name, source = f"menjin-{package.files}", DEPLOY / "debian" / package.files
    program = f"/{package.home}/bin/menjin"
    for unit in package.units:
        text = (DEPLOY / unit).read_text(encoding="utf-8").replace(CHECKOUTS_PROGRAM, program)
        _write(tree / "usr/lib/systemd/system" / unit, text)
    _write(tree / f"usr/lib/sysusers.d/{name}.conf", (source / f"{name}.sysusers").read_text())
    _write(tree / f"usr/lib/tmpfiles.d/{name}.conf", (source / f"{name}.tmpfiles").read_text())
    for command in package.commands:
        _write(tree / f"usr/bin/{command}", (source / command).read_text(encoding="utf-8"))
    setup = (source / f"{package.files}_setup.py").read_text(encoding="utf-8")
    _write(tree / package.home / "setup.py", setup)
    for beside in source.glob("[!_]*.py"):
        if beside.name != f"{package.files}_setup.py":
            _write(tree / package.home / beside.name, beside.read_text(encoding="utf-8"))
    start = f'exec /{package.home}/bin/python3 -I /{package.home}/setup.py "$@"'
    _write(tree / f"usr/sbin/{name}-setup", f"#!/bin/sh\n{start}\n")
    for script in source.glob("*-beside"):
        _write(tree / "usr/sbin" / script.name, script.read_text(encoding="utf-8"))
    for page in source.glob("*.8"):
        _write_packed(tree / f"usr/share/man/man8/{page.name}.gz", page.read_bytes())
    examples = tree / f"usr/share/doc/{package.name}/examples"
    if package.files == "server":
        _write(tree / "etc/menjin/Caddyfile", (DEPLOY / "Caddyfile").read_text(encoding="utf-8"))
        updates = (source / "52menjin-server").read_text(encoding="utf-8")
        _write(tree / "etc/apt/apt.conf.d/52menjin-server", updates)
        cells = (DEPLOY / "menjin-web-cells.conf").read_text(encoding="utf-8")
        _write(tree / package.home / "cells.conf", cells.replace(CHECKOUTS_PROGRAM, program))
        for name in EXAMPLES_OF_SERVER:
            source_path = DEPLOY / name
            for path in sorted(source_path.rglob("*")) if source_path.is_dir() else [source_path]:
                if path.is_file():
                    _write(examples / path.relative_to(DEPLOY), path.read_text(encoding="utf-8"))
    else:
        rules = (DEPLOY / "60-menjin.rules").read_text(encoding="utf-8")
        _write(tree / "usr/lib/udev/rules.d/60-menjin.rules", rules)
        _write(examples / "site.toml", (DEPLOY / "site.example.toml").read_text(encoding="utf-8"))
        sealed = (DEPLOY / "menjin-gate-sealed.conf").read_text(encoding="utf-8")
        _write(examples / "sealed.conf", sealed)
        numbers = (DEPLOY / "menjin-numbers.conf").read_text(encoding="utf-8")
        _write(examples / "menjin-numbers.conf", numbers)
        for name in (
            "menjin-telephone.service",
            "telephone/config",
            "telephone/accounts",
            "telephone/control.nft",
            "kiosk/calls.conf",
            "kiosk/policy.json",
        ):
            text = (DEPLOY / name).read_text(encoding="utf-8")
            _write(examples / name, text.replace(CHECKOUTS_PROGRAM, program))


def write_documents(package: Package, tree: Path, version: str, at_seconds: int, maintainer: str) -> None:
    """Write the changelog, the licences and the argued exceptions that lintian reads."""
    place = tree / f"usr/share/doc/{package.name}"
    when = formatdate(at_seconds)
    head = f"{package.name} ({version}) trixie; urgency=medium\n\n"
    said = f"{head}  * The notes of the release say what changed.\n\n -- {maintainer}  {when}\n"
    _write_packed(place / "changelog.gz", said.encode())
    _write(place / "copyright", (DEPLOY / "debian" / "copyright").read_text(encoding="utf-8"))
    argued = (DEPLOY / "debian" / "lintian-overrides").read_text(encoding="utf-8")
    _write(tree / f"usr/share/lintian/overrides/{package.name}", argued.replace("@HOME@", package.home))


def write_control(package: Package, tree: Path, machine: str, version: str, maintainer: str) -> None:
    """Write the control file, and the scripts that dpkg runs."""
    about = tree / "DEBIAN"
    about.mkdir()
    kilobytes = sum(path.lstat().st_size for path in tree.rglob("*") if not path.is_dir()) // 1024
    relations = {"Depends": COMMON, **package.relations}
    fields = {
        "Package": package.name,
        "Version": version,
        "Architecture": machine,
        "Maintainer": maintainer,
        "Installed-Size": str(kilobytes),
        **relations,
        "Section": "web" if package.files == "server" else "misc",
        "Priority": "optional",
        "Description": "\n ".join([package.summary, *textwrap.wrap(package.says, 76)]),
    }
    text = "".join(f"{key}: {value}\n" for key, value in fields.items())
    _write(about / "control", text.replace("@DEBIAN_VERSION@", version))
    for script in ("preinst", "postinst", "prerm", "postrm"):
        if said := maintainer_script(package, script):
            _write(about / script, said)
    every = (path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    files = sorted(path for path in every if about not in path.parents)
    settings = [f"/{path.relative_to(tree)}\n" for path in files if path.is_relative_to(tree / "etc")]
    if settings:
        _write(about / "conffiles", "".join(settings))
    _write(about / "md5sums", "".join(f"{_md5(path)}  {path.relative_to(tree)}\n" for path in files))


def maintainer_script(package: Package, script: str) -> str:
    """Return what dpkg runs at a moment; empty where there is nothing to run."""
    path = DEPLOY / "debian" / package.files / script
    if not path.exists():
        return ""
    shared = (DEPLOY / "debian" / "move_aside.sh").read_text(encoding="utf-8")
    said = path.read_text(encoding="utf-8").replace("@MOVE_ASIDE@\n", shared)
    return said.replace("@PACKAGE@", package.name)


def fix_modes(tree: Path, package: Package, at_seconds: int) -> None:
    """Give every file a plain mode and the time of the commit."""
    programs = [tree / "usr/bin", tree / "usr/sbin", tree / package.home / "bin"]
    scripts = {tree / "DEBIAN" / name for name in ("preinst", "postinst", "prerm", "postrm")}
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or path.parent in programs or path in scripts
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (at_seconds, at_seconds), follow_symlinks=False)


def _md5(path: Path) -> str:
    """Return what dpkg compares installed files by; it is no protection."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_packed(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 9, mtime=0))


def _commit(form: str) -> str:
    words = ["git", "log", "-1", f"--format={form}"]
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--machine", choices=MACHINES, action="append")
    parser.add_argument("--quick", action="store_true", help="without compression, for tests")
    given = parser.parse_args()
    for made in build_all(given.wheels, given.out, tuple(given.machine or MACHINES), is_quick=given.quick):
        print(f"  {made.stat().st_size:>10,}  {made.name}")
