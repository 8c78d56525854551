"""What `menjin web init`, `join` and `machines` print is in the language of who types."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from web_admin.cli.main import run as main
from web_admin.core.database import Database, make_engine
from web_admin.core.refusal import WorkRefused
from web_admin.custody.models import ServerMachine, WrapKeyCopy
from web_admin.operations.backup import BackupRefused

PASSPHRASE, PASSWORD = "a long passphrase", "three unrelated words"


@pytest.fixture(autouse=True)
def chinese(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    for name, words in (("word", PASSPHRASE), ("password", PASSWORD), ("empty", "\nin the second line")):
        (tmp_path / name).write_text(f"{words}\n")


def init(folder: Path, *more: str) -> list[str]:
    """Return a call of init that asks nothing; later options go before earlier ones."""
    return [
        "init",
        "--data-dir",
        str(folder / "data"),
        "--language",
        "zh",
        "--timezone",
        "Asia/Shanghai",
        "--name",
        "柳苑",
        "--public-url",
        "https://gate.example.org",
        "--security-contact",
        "mailto:me@example.org",
        "--root-key",
        str(folder / "root.pem"),
        "--root-passphrase-file",
        str(folder / "word"),
        "--manager-email",
        "m@example.org",
        "--manager-password-file",
        str(folder / "password"),
        *more,
    ]


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--public-url", "http://10.0.0.5", "未加密；只能用 https://，http:// 仅限本机；未作任何更改"),
        ("--public-url", "https://gate.example.org/menjin", "应为“https://域名”，不带路径；未作任何更改"),
        ("--security-contact", "me@example.org", "应为“mailto:邮箱地址”“https://网页”或“tel:+电话号码”"),
        ("--root-passphrase-file", "empty", "的第一行没有内容"),
        ("--manager-password-file", "weak", "太容易猜到"),
    ],
)
def test_init_refuses_an_answer_in_chinese(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, says: str
) -> None:
    (tmp_path / "weak").write_text("menjin12345\n")
    given = str(tmp_path / value) if option.endswith("-file") else value
    assert main(init(tmp_path, option, given)) != 0
    assert says in capsys.readouterr().err
    assert not (tmp_path / "data/web.toml").exists()


def test_init_says_in_chinese_what_comes_next_and_that_a_server_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(init(tmp_path)) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"服务器已设置在 {tmp_path / 'data'}。"
    assert f"请把 {tmp_path / 'root.pem'} 另存到这台机器以外的两处" in said[1]
    assert said[3] == f"启动服务器：menjin web run --data-dir {tmp_path / 'data'}"
    assert said[-1] == "https://gate.example.org/staff/sign-in"
    assert main(init(tmp_path)) != 0
    assert "这里已有服务器；未作任何更改" in capsys.readouterr().err
    (tmp_path / "data/web.toml").unlink()
    assert main(init(tmp_path)) != 0
    assert "如果这里从未运行过服务器：rm " in capsys.readouterr().err


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


def test_a_refusal_is_english_where_it_is_logged() -> None:
    refused = BackupRefused("the file was changed or cut off after part %(number)s", number=3)
    assert str(refused) == "the file was changed or cut off after part 3"
    assert isinstance(refused, WorkRefused)
