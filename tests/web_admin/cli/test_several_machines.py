"""`join` and `machines` are in the language of who types."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.web_admin.cli.in_chinese import PASSPHRASE, PASSWORD, init
from web_admin.cli.main import run as main
from web_admin.core.database import Database, make_engine
from web_admin.custody.models import ServerMachine, WrapKeyCopy


@pytest.fixture(autouse=True)
def chinese(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    for name, words in (("word", PASSPHRASE), ("password", PASSWORD), ("empty", "\nin the second line")):
        (tmp_path / name).write_text(f"{words}\n")


def test_join_and_machines_speak_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(init(tmp_path)) == 0
    here, backup = ["--data-dir", str(tmp_path / "data")], tmp_path / "night.backup"
    passphrase = ["--passphrase-file", str(tmp_path / "word")]
    assert main(["backup", str(backup), *here, *passphrase]) == 0
    capsys.readouterr()
    assert main(["machines", *here]) == 0
    assert capsys.readouterr().out == "只有这一台服务器：不保存机器列表。\n"
    seen = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    _add_machine(tmp_path / "data", "web2", seen)
    assert main(["machines", *here]) == 0
    said = capsys.readouterr().out
    assert "web2：最近联系 2026-03-01 08:30:00 UTC（无联系），版本 0.2.0，" in said
    assert "密钥：已销毁 1 把" in said
    assert main(["machines", "--forget", "web9", *here]) != 0
    assert "没有名为 'web9' 的机器；未作任何更改" in capsys.readouterr().err
    assert main(["machines", "--forget", "web2", *here]) == 0
    assert "web2 已移除。" in capsys.readouterr().out

    there = ["--data-dir", str(tmp_path / "more"), "--public-url", "https://gate.example.org"]
    joins = ["join", str(backup), "--database-url", f"sqlite:///{tmp_path}/data/menjin.sqlite3", *there]
    assert main([*joins, "--passphrase-file", str(tmp_path / "password")]) != 0
    assert "口令不对，或文件被改动、被截断" in capsys.readouterr().err
    assert main([*joins, *passphrase]) != 0
    assert "多台机器需要 PostgreSQL" in capsys.readouterr().err


def _add_machine(data_dir: Path, name: str, seen: datetime) -> None:
    database = Database(make_engine(f"sqlite:///{data_dir / 'menjin.sqlite3'}"))
    with database.session() as session:
        session.add(
            ServerMachine(
                machine_id="m2",
                name=name,
                run="one",
                transport_key=bytes(32),
                program="0.2.0",
                joined_at=seen - timedelta(days=1),
                seen_at=seen,
            )
        )
        session.add(WrapKeyCopy(key_id="k1", machine_id="m2", state="destroyed", changed_at=seen))
    database.engine.dispose()
