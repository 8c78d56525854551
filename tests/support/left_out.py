"""Tests that a run leaves out on this machine, and the command that changes it."""

from collections.abc import Callable, Iterator

from tests.support.parts import Part

TOOLS = {
    "baresip": ("calls by real telephones", "sudo apt install baresip-core"),
    "espeak-ng": ("what a gate says to telephones", "sudo apt install espeak-ng"),
    "buildah": ("images of server and gate", "sudo apt install buildah mmdebstrap podman runc"),
    "caddy": ("tests behind the real Caddy", "sudo apt install caddy"),
    "dpkg-deb": ("tests of the Debian packages", "sudo apt install dpkg"),
    "helm": ("the chart for Kubernetes in Helm's own linter", "make helm"),
    "java": ("the W3C's HTML checker", "sudo apt install default-jre-headless; make validators"),
    "lintian": ("what lintian says of the Debian packages", "sudo apt install lintian"),
    "promtool": ("the shipped alerts in Prometheus's own checker", "sudo apt install promtool"),
    "sipp": ("telephones that are busy, unknown or silent", "sudo apt install sip-tester"),
    "sshd": ("a fleet on several machines", "sudo apt install openssh-server"),
    "strace": ("what a look writes to disk or sends", "sudo apt install strace"),
    "systemd-analyze": ("the units in systemd's own checker", "sudo apt install systemd"),
    "turnserver": ("browsers that meet at a relay", "sudo apt install coturn"),
    "udevadm": ("the device rules in udev's own checker", "sudo apt install udev"),
}
"""Programs without which tests are skipped; `tests/debian/machine.py` has those of a whole machine."""
ONLY_SLOW = frozenset({"buildah", "dpkg-deb", "lintian", "java"})
"""Tools that only tests marked slow need."""
MACHINES = (
    "Left out: packages on whole machines of Debian (tests/debian/test_packages.py), 20 minutes as root with "
    "debootstrap"
)
OTHERS = "Left out: further tests: make test-others"
ALL = (
    "Left out: what takes minutes (marked slow), the other database, further parameters, most examples: "
    "make test-all"
)


def left_out(markers: str, part: Part, which: Callable[[str], str | None], no_machine: str) -> Iterator[str]:
    """Yield a line for each; `markers` is what -m says, `no_machine` why none can be started here."""
    is_quick = "not slow" in markers
    for tool, (what, command) in TOOLS.items():
        if which(tool) is None and not (is_quick and tool in ONLY_SLOW):
            yield f"{tool} is missing: {what} is skipped. {command}"
    if part == "core":
        yield OTHERS
    if part != "all":
        yield ALL
    elif no_machine and not is_quick:
        yield f"{MACHINES}: {no_machine}"
