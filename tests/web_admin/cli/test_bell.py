"""`menjin web bell`: the account of a compound, and a file that a broker takes."""

from pathlib import Path

import pytest

from gate_controller.contract.bell import account_of
from tests.support.peers import make_certificate
from tests.support.small_disk import fill, small_disk
from web_admin.cli.main import run
from web_admin.core.bell import account_key
from web_admin.core.config import SECRET_NAMES, WebConfig, load_config, write_secret, write_settings


@pytest.fixture
def config(tmp_path: Path) -> WebConfig:
    (tmp_path / "secrets").mkdir(mode=0o700)
    for name in SECRET_NAMES:
        write_secret(tmp_path / "secrets", name)
    write_settings(tmp_path / "web.toml", {"public_url": "http://localhost"})
    return load_config({}, tmp_path)


def test_the_account_is_that_of_the_servers_key(
    config: WebConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bell", "account", "--data-dir", str(config.data_dir)]) == 0
    assert capsys.readouterr().out.strip() == account_of(account_key(config.seal_key))


def test_a_file_that_finds_no_room_is_named(
    config: WebConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate, key = make_certificate(config.data_dir)
    options = ["--certificate", str(certificate), "--key", str(key), "--data-dir", str(config.data_dir)]
    with small_disk(tmp_path / "small", 1) as disk:
        fill(disk)
        assert run(["bell", "config", str(disk / "bell.conf"), *options]) == 1
        said = capsys.readouterr().err
    assert f"{disk / 'bell.conf'}: No space left on device" in said
