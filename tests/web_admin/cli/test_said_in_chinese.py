"""What `menjin web init`, `join` and `machines` print is in the language of who types."""

from pathlib import Path

import pytest

from tests.web_admin.cli.in_chinese import PASSPHRASE, PASSWORD, init
from web_admin.cli.main import run as main
from web_admin.core.refusal import WorkRefused
from web_admin.operations.backup import BackupRefused


@pytest.fixture(autouse=True)
def chinese(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    for name, words in (("word", PASSPHRASE), ("password", PASSWORD), ("empty", "\nin the second line")):
        (tmp_path / name).write_text(f"{words}\n")


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


@pytest.mark.wide
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


def test_a_refusal_is_english_where_it_is_logged() -> None:
    refused = BackupRefused("the file was changed or cut off after part %(number)s", number=3)
    assert str(refused) == "the file was changed or cut off after part 3"
    assert isinstance(refused, WorkRefused)
