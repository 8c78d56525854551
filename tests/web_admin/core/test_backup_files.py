"""Old backups go, and nothing else in their folder."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from web_admin.core import backup_files
from web_admin.core.backup_files import MAGIC
from web_admin.core.database import Menjin
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.policy.effects import PolicyEffects

pytestmark = pytest.mark.both_databases


@pytest.fixture
def menjin(web_config, database, now, tmp_path):
    sealer = Sealer(b"s" * 32, b"l" * 32, WrapKeys(b"f" * 32, tmp_path / "secrets"))
    return Menjin(web_config, database, sealer, lambda: now, PolicyEffects(sealer))


def test_only_old_backups_go_and_nothing_else_in_their_folder(menjin, tmp_path, now):
    folder = tmp_path / "backups"
    folder.mkdir()
    for name, content, age_days in (
        ("old.bak", MAGIC + b"x", 31),
        ("new.bak", MAGIC + b"x", 29),
        ("old.txt", b"notes", 300),
    ):
        (folder / name).write_bytes(content)
        moment = (now - timedelta(days=age_days)).timestamp()
        os.utime(folder / name, (moment, moment))
    keeping = replace(menjin, config=replace(menjin.config, backup_dir=folder))
    assert backup_files.delete_old_backups(keeping, now) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["new.bak", "old.txt"]
    assert backup_files.delete_old_backups(menjin, now) == 0, "without a folder nothing is touched"
