"""Make OCI images of a release's server and gate, each for PCs and Raspberry Pis, from its Debian packages.

`make release IMAGES=yes` does it, as root. Debian's part is of the day: its security updates are in it.
Nothing is run of what is unpacked but this machine's Python, so a PC makes the image of a Raspberry Pi as
well. The same packages, Debian's among them, give the same digest.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bill import write_image_bill
from debian import DEPLOY, MACHINES, PYTHON

USER = 1970
SUITE = "trixie"
SOURCES = (
    "deb http://deb.debian.org/debian trixie main",
    "deb http://deb.debian.org/debian-security trixie-security main",
)
INCLUDED = "base-files,ca-certificates,coreutils,dash,grep,libgcc-s1,libstdc++6,python3,zlib1g"
LEFT_OUT = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
OF_THE_BUILD = ("dev", "etc/apt", "etc/fstab", "etc/hostname", "etc/resolv.conf", "var/cache", "var/lib/apt")
"""Of the machine that unpacks, or of Debian's apt: a container has none of it."""
TOOLS = ("mmdebstrap", "buildah", "dpkg-deb")


@dataclass(frozen=True)
class Image:
    """One image, named as its package is: what it may write to, what it runs without further words."""

    name: str
    bill: str
    """The end of the name of the release's bill for it."""
    folders: tuple[str, ...]
    command: tuple[str, ...]
    port: str = ""


IMAGES = (
    Image(
        "menjin-server",
        "server",
        ("/var/lib/menjin-web", "/var/lib/menjin-keys", "/var/lib/menjin-passphrase", "/var/backups/menjin"),
        ("run", "--host", "0.0.0.0"),  # noqa: S104 - the container's own address; who maps the port decides
        "8000",
    ),
    Image("menjin-gate", "gate", ("/var/lib/menjin-gate",), ("run",)),
)


def refuse_without_tools() -> None:
    """Say what is missing before anything is built."""
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        sys.exit(f"images need {' and '.join(missing)}: sudo apt install mmdebstrap buildah dpkg")
    if os.geteuid() != 0:
        sys.exit("images are made as root: their files have owners")


def write_images(
    release: Path,
    at_seconds: int,
    revision: str,
    *,
    images: Sequence[Image] = IMAGES,
    machines: Sequence[str] = tuple(MACHINES),
) -> dict[str, str]:
    """Write an archive and bills for each image into a release; return digests by the name of the image."""
    refuse_without_tools()
    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(Path(folder), at_seconds, revision, machines)
        return {image.name: maker.make(image, release) for image in images}


class Maker:
    """What makes images in a folder of its own, with buildah's storage in it."""

    def __init__(self, work: Path, at_seconds: int, revision: str, machines: Sequence[str]) -> None:
        """Unpack Debian's part for each machine, and for this one, whose Python compiles for all."""
        self.work, self.at_seconds, self.revision, self.machines = work, at_seconds, revision, machines
        here = _run("dpkg", "--print-architecture")
        self.bases = {machine: lay_base(machine, work / machine) for machine in sorted({*machines, here})}
        self.own_base = self.bases[here]
        for base in self.bases.values():
            compile_python(base / "root/usr/lib", base / "root", self.own_base)

    def make(self, image: Image, release: Path) -> str:
        """Write one image for all machines as an archive, and a bill for each; return its digest."""
        (bill,) = release.glob(f"menjin-*-{image.bill}.cdx.json")
        begins = bill.name.removesuffix(".cdx.json")
        self.buildah("manifest", "create", image.name)
        for machine in self.machines:
            (deb,) = release.glob(f"{image.name}_*_{machine}.deb")
            packages = [deb, *sorted((self.work / machine / "debs").glob("*.deb"))]
            self.buildah("manifest", "add", image.name, self.commit(image, machine, packages))
            write_image_bill(bill, packages, release / f"{begins}-image-{machine}.cdx.json")
        layout = self.work / image.name
        self.buildah("manifest", "push", "--quiet", "--all", image.name, f"oci:{layout}")
        pack(layout, release / f"{begins}-image.oci.tar", self.at_seconds)
        (made,) = json.loads((layout / "index.json").read_text(encoding="utf-8"))["manifests"]
        return str(made["digest"])

    def commit(self, image: Image, machine: str, packages: list[Path]) -> str:
        """Lay the files of an image for one machine; return the id by which buildah knows it."""
        container = self.buildah("from", f"--arch={machine}", "scratch")
        root = Path(self.buildah("mount", container))
        _run("cp", "-a", f"{self.bases[machine] / 'root'}/.", str(root))
        lay_program(image, packages[0], root)
        compile_python(root / f"usr/lib/{image.name}", root, self.own_base)
        said = [
            f"{_run('dpkg-deb', '--field', str(path))}\nStatus: install ok installed\n\n" for path in packages
        ]
        (root / "var/lib/dpkg/status").write_text("".join(said), encoding="utf-8")
        labels = {"title": image.name, "licenses": "Apache-2.0", "revision": self.revision}
        self.buildah(
            "config",
            f"--user={USER}:{USER}",
            f"--workingdir={image.folders[0]}",
            "--env=LANG=C.UTF-8",
            f'--entrypoint=["/usr/bin/{image.name}"]',
            f"--cmd={json.dumps(image.command)}",
            *(f"--label=org.opencontainers.image.{name}={value}" for name, value in labels.items()),
            *([f"--port={image.port}"] if image.port else []),
            container,
        )
        at = ("--timestamp", str(self.at_seconds), "--identity-label=false")
        return self.buildah("commit", "--quiet", "--rm", "--format=oci", *at, container)

    def buildah(self, *words: str) -> str:
        storage = ("--storage-driver=vfs", f"--root={self.work}/storage", f"--runroot={self.work}/run")
        return _run("buildah", *storage, *words)


def lay_base(machine: str, folder: Path) -> Path:
    """Unpack Debian's part for a machine into `root`; its packages stay in `debs`, for the list of them."""
    root = folder / "root"
    folder.mkdir()
    _run(
        "mmdebstrap",
        "--quiet",
        "--variant=extract",
        f"--architectures={machine}",
        f"--include={INCLUDED}",
        *(f"--dpkgopt=path-exclude={left_out}" for left_out in LEFT_OUT),
        "--skip=cleanup/apt",
        "--format=directory",
        SUITE,
        str(root),
        *SOURCES,
    )
    shutil.copytree(root / "var/cache/apt/archives", folder / "debs")
    for name in OF_THE_BUILD:
        _run("rm", "-rf", str(root / name))
    (root / "dev").mkdir()
    # Maintainer scripts would do this; no script runs here.
    authorities = sorted((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.write_bytes(b"".join(path.read_bytes() for path in authorities))
    return folder


def lay_program(image: Image, deb: Path, root: Path) -> None:
    """Lay the program out of its package, the command that a container runs, and the one user."""
    with tempfile.TemporaryDirectory() as unpacked:
        _run("dpkg-deb", "--extract", str(deb), unpacked)
        for part in (f"usr/lib/{image.name}", f"usr/share/doc/{image.name}"):
            _run("cp", "-a", f"{unpacked}/{part}", str(root / part))
    command = root / "usr/bin" / image.name
    shutil.copyfile(DEPLOY / "images" / image.name, command)
    command.chmod(0o755)
    user = f"menjin:x:{USER}:"
    (root / "etc/passwd").write_text(f"root:x:0:0::/:/bin/sh\n{user}{USER}::{image.folders[0]}:/bin/sh\n")
    (root / "etc/group").write_text(f"root:x:0:\n{user}\n")
    for name in image.folders:
        # A new volume takes mode and owner from here.
        folder = root / name[1:]
        folder.mkdir(parents=True)
        folder.chmod(0o700)
        os.chown(folder, USER, USER)


def compile_python(folder: Path, root: Path, base: Path) -> None:
    """Compile all Python in a folder of a root, which keeps nothing later: nothing can write to it.

    The Python of this machine's base does it, at home or not: the bytes are the same on each machine.
    """
    (loader,) = (base / "root").glob("usr/lib/*/ld-linux-*.so.*")
    _run(
        str(loader),
        "--library-path",
        str(loader.parent),
        str(base / f"root/usr/bin/python{PYTHON}"),
        *("-B", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(root), "-p", "/", str(folder)),
        PYTHONHOME=str(base / "root/usr"),
    )


def pack(layout: Path, archive: Path, at_seconds: int) -> None:
    """Write a layout of an image (OCI image-layout) as one file; the same files give the same bytes."""
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as packed:
        for path in sorted(path for path in layout.rglob("*") if path.is_file()):
            info = tarfile.TarInfo(str(path.relative_to(layout)))
            info.size, info.mtime = path.stat().st_size, at_seconds
            with path.open("rb") as file:
                packed.addfile(info, file)


def _run(*words: str, **more: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **more})
    if done.returncode:
        sys.exit(f"{words[0]} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout.strip()
