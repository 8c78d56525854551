"""A server learns its message types before its first request: two threads that do so end the process."""

import subprocess
import sys
from pathlib import Path

import pytest

SERVER = """
import os, sys, threading
from datetime import UTC, datetime
from pathlib import Path
import msgspec
from web_admin import create_app
from web_admin.core.config import WebConfig
from web_admin.core import message_types

class TypeOfAnotherPackage(msgspec.Struct):
    baud: set[list[int]] | list[set[str]]  # msgspec makes no decoder for it

root = Path(sys.argv[1])
keys = {name: os.urandom(32) for name in (
    "seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")}
create_app(
    WebConfig(public_url="https://a.example", database_url=f"sqlite:///{root}/m.sqlite3",
              data_dir=root, secrets_dir=root, **keys),
    clock=lambda: datetime.now(UTC),
)
print(*(f"{kind.__module__}.{kind.__qualname__}" for kind in message_types._learned))
"""
AT_THE_DOORS = {
    "gate_controller.contract.messages.PolicyManifest",
    "gate_controller.contract.messages.ForgetReceipt",
    "gate_controller.contract.signing.KeyCertificate",
    "gate_controller.contract.journal_chain.JournalEntry",
}


@pytest.mark.wide
def test_an_app_has_learned_its_message_types_before_a_request(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-c", SERVER, str(tmp_path)], capture_output=True, text=True, check=True
    )
    learned = set(made.stdout.split())
    assert learned >= AT_THE_DOORS
    assert any(name.startswith("web_admin.privacy.report") for name in learned)
    assert not any("TypeOfAnotherPackage" in name for name in learned)
