"""Secrets are one file each, for the gate's user alone, whole or absent."""

import stat
from pathlib import Path

import pytest

from gate_controller.assembly.stored_state import read_identity
from gate_controller.storage.secrets import SecretsUnusable, gate_private_key, read_secret, write_secret


def test_a_secret_is_written_for_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    write_secret(folder, "pin.key", b"p" * 32)
    write_secret(folder, "pin.key", b"q" * 32)
    assert read_secret(folder, "pin.key") == b"q" * 32
    assert stat.S_IMODE((folder / "pin.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["pin.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o601])
def test_a_secret_that_others_may_touch_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    write_secret(tmp_path, "pin.key", b"p" * 32)
    (tmp_path / "pin.key").chmod(mode)
    with pytest.raises(SecretsUnusable, match="chmod 600"):
        read_secret(tmp_path, "pin.key")


@pytest.mark.parametrize("value", [b"", b"p" * 31, b"p" * 33])
def test_a_secret_of_the_wrong_size_is_refused(tmp_path: Path, value: bytes) -> None:
    write_secret(tmp_path, "gate.key", value)
    with pytest.raises(SecretsUnusable, match="instead of 32"):
        gate_private_key(tmp_path)


def test_a_missing_secret_says_to_pair_the_gate(tmp_path: Path) -> None:
    with pytest.raises(SecretsUnusable, match="menjin gate pair"):
        read_secret(tmp_path, "pin.key")


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"\xff", b'{"site_id": 5}'])
def test_an_identity_that_cannot_be_read_says_to_pair_again(tmp_path: Path, body: bytes) -> None:
    write_secret(tmp_path, "identity.json", body)
    with pytest.raises(SecretsUnusable, match="pair the gate again"):
        read_identity(tmp_path)
