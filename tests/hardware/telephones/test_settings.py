"""Settings of the telephone program, and the port that controls it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hardware.telephones.settings import find_faults
from tests.support.telephones import SHIPPED

CONFIG, ACCOUNTS = ((SHIPPED / name).read_text(encoding="utf-8") for name in ("config", "accounts"))


def refusals(config: str = CONFIG, accounts: str = ACCOUNTS) -> list[str]:
    return [fault.text for fault in find_faults(config, accounts) if fault.is_refused]


@pytest.mark.parametrize("encryption", ["srtp-mand", "srtp-mandf", "dtls_srtp"])
def test_what_is_shipped_has_no_fault_with_either_kind_of_encryption(encryption: str) -> None:
    accounts = ACCOUNTS.replace("mediaenc=srtp-mand\n", f"mediaenc={encryption}\n")
    assert list(find_faults(CONFIG, accounts)) == []


@pytest.mark.parametrize(("module", "encryption"), [("srtp.so", "srtp-mand"), ("dtls_srtp.so", "dtls_srtp")])
def test_a_module_that_comes_too_late_or_never_is_refused(module: str, encryption: str) -> None:
    accounts = ACCOUNTS.replace("mediaenc=srtp-mand\n", f"mediaenc={encryption}\n")
    without = CONFIG.replace(f"module {module}\n", "")
    (late,), (never,) = refusals(f"{without}module {module}\n", accounts), refusals(without, accounts)
    assert f"`module {module}` comes after `module account.so`" in late
    assert f"needs `module {module}`" in never


@pytest.mark.parametrize(
    ("in_config", "instead", "text"),
    [
        ("ctrl_tcp_listen 127.0.0.1:4444", "ctrl_tcp_listen 0.0.0.0:4444", "others of the network"),
        ("ctrl_tcp_listen 127.0.0.1:4444", "", "others of the network"),
        ("sip_verify_server yes", "sip_verify_server no", "sip_verify_server"),
        ("sip_verify_server yes", "#sip_verify_server yes", "sip_verify_server"),
    ],
)
def test_a_config_that_is_less_safe_than_it_looks_is_refused(in_config: str, instead: str, text: str) -> None:
    (refusal,) = refusals(CONFIG.replace(in_config, instead))
    assert text in refusal


@pytest.mark.parametrize(
    ("account", "text"),
    [
        ("", "no account"),
        ("<sip:gate@pbx;transport=tls>;mediaenc=srtp_mand", "srtp_mand"),
        ("<sip:gate@pbx;transport=tls>;mediaenc=zrtp", "zrtp"),
        ('<sip:gate@pbx;transport=tls>;mediaenc=srtp-mand;outbound="sip:pbx;transport=udp"', "around TLS"),
        ("<sip:gate@pbx;transport=tls>;mediaenc=srtp-mand;outbound2=sip:10.0.0.1", "around TLS"),
    ],
)
def test_an_account_that_calls_otherwise_than_it_says_is_refused(account: str, text: str) -> None:
    (refusal,) = refusals(accounts=f"# {ACCOUNTS.splitlines()[-1]}\n{account}\n")
    assert text in refusal


def test_keys_that_waited_in_the_clear_are_no_keys_of_an_encrypted_call() -> None:
    dtls = ACCOUNTS.replace("mediaenc=srtp-mand\n", "mediaenc=dtls_srtp\n")
    (refusal,) = refusals(f"{CONFIG}jitter_buffer_type adaptive\n", dtls)
    assert "jitter_buffer_type" in refusal


@pytest.mark.parametrize(
    "account",
    [
        "<sip:gate@pbx>",
        "<sip:gate@pbx;transport=tls>",
        "<sip:gate@pbx;transport=udp>;mediaenc=srtp-mand",
        "<sip:gate@pbx;transport=tls>;mediaenc=srtp",
    ],
)
def test_an_exchange_that_cannot_encrypt_is_called_and_its_keys_open_nothing(account: str) -> None:
    (fault,) = find_faults(CONFIG, f"{account}\n")
    assert (fault.is_refused, "open and prove nothing" in fault.text) == (False, True)


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
