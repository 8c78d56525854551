"""A machine with a fresh Debian 13: its own systemd, processes, network and devices, in namespaces.

The base is made once by debootstrap and kept as a tar outside the checkout; it holds, not installed, the
packages of Debian's that the tests need. A machine has no network but its own loopback.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

BASE = Path(os.environ.get("MENJIN_DEBIAN_BASE", "/var/tmp/menjin-debian-13.tar"))
REGISTRY = "http://deb.debian.org/debian"
FIRST = "systemd,systemd-sysv,dbus,udev,ca-certificates,iproute2,procps"
LATER = ("caddy", "curl", "postgresql", "python3", "sudo", "unattended-upgrades")
"""What the tests install on a machine, as Debian has it."""
SOURCES = """deb http://deb.debian.org/debian trixie main
deb http://deb.debian.org/debian trixie-updates main
deb http://deb.debian.org/debian-security trixie-security main
"""
APT = 'Acquire::Check-Valid-Until "false";\nBinary::apt::APT::Keep-Downloaded-Packages "true";\n'
LONGEST_START_SECONDS = 120.0
LONGEST_COMMAND_SECONDS = 900.0
UNIFIED = Path("/sys/fs/cgroup/unified")
CGROUPS = UNIFIED if UNIFIED.exists() else Path("/sys/fs/cgroup")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "DEBIAN_FRONTEND": "noninteractive",
}

BOOT = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mount -t tmpfs -o mode=755 tmpfs run
mkdir dev/pts dev/shm .outer
for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    set -- $node && mknod -m 666 "dev/$1" c "$2" "$3"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx && ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin; ln -s /proc/self/fd/1 dev/stdout; ln -s /proc/self/fd/2 dev/stderr
ip link set lo up
pivot_root . .outer
exec chroot . /bin/sh -c \
    'umount -l /.outer && rmdir /.outer && exec env -i container=menjin /lib/systemd/systemd'
"""


def cannot() -> str:
    """Return why this computer cannot start such a machine; empty where it can."""
    if os.geteuid() != 0:
        return "a machine in namespaces needs root"
    tools = ("debootstrap", "dpkg-deb", "unshare", "nsenter", "pivot_root")
    if missing := [tool for tool in tools if not shutil.which(tool)]:
        return f"needs {missing[0]}"
    try:
        (CGROUPS / "menjin-try").mkdir()
        (CGROUPS / "menjin-try").rmdir()
    except OSError as err:
        return f"a machine needs a cgroup of its own: {err}"
    return ""


def make_base() -> Path:
    """Return the tar of a fresh Debian 13, made where it is not there yet."""
    if BASE.exists():
        return BASE
    with tempfile.TemporaryDirectory(dir=BASE.parent) as folder:
        root = Path(folder) / "root"
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={FIRST}", "trixie", root, REGISTRY],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
        (root / "etc/apt/sources.list").write_text(SOURCES)
        (root / "etc/apt/apt.conf.d/90tests").write_text(APT)
        for words in (["update"], ["--yes", "upgrade"], ["--yes", "--download-only", "install", *LATER]):
            subprocess.run(
                ["chroot", root, "apt-get", *words], check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL
            )
        part = BASE.with_suffix(".part")
        subprocess.run(["tar", "-C", root, "--numeric-owner", "-cf", part, "."], check=True)
        part.rename(BASE)
    return BASE


class Machine:
    """A started machine; `run` runs a command on it as root."""

    def __init__(self, folder: Path) -> None:
        """Unpack the base into a folder and start its systemd."""
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        self.said: list[str] = []
        subprocess.run(["tar", "-C", self.root, "--numeric-owner", "-xf", make_base()], check=True)
        (self.root / "etc/hostname").write_text("fresh\n")
        # A test's disk need not survive a power cut.
        (self.root / "etc/dpkg/dpkg.cfg.d/90tests").write_text("force-unsafe-io\n")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost fresh gate.example.org\n")
        self._cgroup = Path(tempfile.mkdtemp(prefix="menjin-", dir=CGROUPS))
        kinds = ("--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup")
        command = ["unshare", *kinds, "--fork", "--kill-child"]
        enter = f'echo $$ > {self._cgroup}/cgroup.procs; exec "$@"'
        self._outer = subprocess.Popen(
            ["sh", "-c", enter, "sh", *command, "sh", "-c", BOOT, "sh", self.root],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self._pid = 0
        try:
            self._wait_until_up()
        except BaseException:
            self.close()
            raise

    def _wait_until_up(self) -> None:
        give_up = time.monotonic() + LONGEST_START_SECONDS
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children")
        while True:
            assert self._outer.poll() is None and time.monotonic() < give_up, "the machine did not start"
            self._pid = int((children.read_text().split() or ["0"])[0])
            if self._pid and Path(f"/proc/{self._pid}/comm").read_text() == "systemd\n":
                state = self.run("systemctl is-system-running --wait", check=False).stdout.strip()
                if state in ("running", "degraded"):
                    return
            time.sleep(0.1)

    def words(self, *command: str) -> list[str]:
        """Return the words by which this computer runs a command on the machine."""
        return ["nsenter", f"--target={self._pid}", "--all", "--wdns=/root", *command]

    def run(self, command: str, *, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a line of shell as root; keep what it said."""
        done = subprocess.run(
            self.words("/bin/bash", "-c", command),
            env=ENVIRONMENT,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=LONGEST_COMMAND_SECONDS,
        )
        self.said.append(f"# {command}\n{done.stdout}")
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-6000:]}"
        return done

    def write(self, path: str, text: str) -> None:
        """Put a file onto the machine."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def close(self) -> None:
        """Cut the power and remove the disk."""
        (self._cgroup / "cgroup.kill").write_text("1")
        self._outer.wait(timeout=60)
        give_up = time.monotonic() + 30
        while self._cgroup.exists() and time.monotonic() < give_up:
            try:
                for folder in sorted(self._cgroup.rglob("*/"), key=lambda path: -len(path.parts)):
                    folder.rmdir()
                self._cgroup.rmdir()
            except OSError:  # its processes end one after the other
                time.sleep(0.1)
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> "Machine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut the power."""
        self.close()
