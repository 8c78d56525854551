"""The control port of the telephone program under the rule of its unit: only the gate's user gets in."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.telephones import SHIPPED

GATE_UID, OTHER_UID = 61_001, 61_002
NEEDED = ("baresip", "nft", "unshare", "setpriv", "ip", "bash")
SCRIPT = """
set -e
ip link set lo up
nft -f "$1/control.nft"
baresip -f "$1" >"$1/log" 2>&1 & program=$!
trap 'kill $program' EXIT
knock() {
  setpriv --reuid=$1 --regid=$1 --clear-groups bash -c 'exec 3<>/dev/tcp/127.0.0.1/4444' 2>/dev/null
}
for _ in $(seq 200); do knock $2 && break || sleep 0.05; done
knock $2 && echo "the gate's user is let in" || echo "the gate's user is not"
knock $3 && echo "another user is let in" || echo "another user is not"
knock 0 && echo "root is let in" || echo "root is not"
"""


def test_another_user_of_the_machine_does_not_reach_the_control_port(tmp_path: Path) -> None:
    """A network namespace of its own, so that the machine's rules stay as they are."""
    if os.geteuid() != 0 or not all(map(shutil.which, NEEDED)):
        pytest.skip("needs root, and: apt install baresip-core nftables iproute2")
    rule = (SHIPPED / "control.nft").read_text(encoding="utf-8")
    assert '"menjin"' in rule
    (tmp_path / "control.nft").write_text(rule.replace('"menjin"', str(GATE_UID)), encoding="utf-8")
    for name in ("config", "accounts"):
        shutil.copy(SHIPPED / name, tmp_path)
    command = ["unshare", "--net", "bash", "-c", SCRIPT, "knock", str(tmp_path)]
    done = subprocess.run(
        [*command, str(GATE_UID), str(OTHER_UID)], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(f"no network namespace can be made here: {done.stderr}")
    assert done.stdout.splitlines() == [
        "the gate's user is let in",
        "another user is not",
        "root is not",
    ], done.stderr
