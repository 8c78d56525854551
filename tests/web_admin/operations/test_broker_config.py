"""The broker's file: one that a broker takes, without a secret, and refused where none would take it."""

import subprocess
from pathlib import Path

import pytest

from gate_controller.contract.bell import account_of
from tests.support.broker import NATS_SERVER
from tests.support.peers import make_certificate
from web_admin.cli.main import run
from web_admin.core.bell import account_key
from web_admin.core.config import SECRET_NAMES, WebConfig, load_config, write_secret, write_settings

OTHER = account_of(account_key(b"another compound's seal of 32 byte"))


@pytest.fixture
def config(tmp_path: Path) -> WebConfig:
    (tmp_path / "secrets").mkdir(mode=0o700)
    for name in SECRET_NAMES:
        write_secret(tmp_path / "secrets", name)
    write_settings(tmp_path / "web.toml", {"public_url": "http://localhost"})
    return load_config({}, tmp_path)


def written(config: WebConfig, *options: str) -> tuple[int, Path]:
    file = config.data_dir / "bell.conf"
    certificate, key = make_certificate(config.data_dir)
    given = ["--certificate", str(certificate), "--key", str(key), *options]
    return run(["bell", "config", str(file), "--data-dir", str(config.data_dir), *given]), file


@pytest.mark.parametrize("cluster", [(), ("--cluster", "a:6222", "b:6222", "--ca", "CA")])
def test_a_broker_takes_the_file(config: WebConfig, cluster: tuple[str, ...]) -> None:
    ca = str(config.data_dir / "localhost.pem")
    code, file = written(config, "--account", OTHER, *[ca if one == "CA" else one for one in cluster])
    assert code == 0
    text = file.read_text()
    assert account_of(account_key(config.seal_key)) in text
    assert OTHER in text
    tried = subprocess.run([NATS_SERVER, "-t", "-c", file], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr


def test_the_file_holds_no_secret(config: WebConfig) -> None:
    _code, file = written(config)
    text = file.read_text()
    assert account_key(config.seal_key).private_bytes_raw().hex() not in text
    assert "\nS" not in text, "a seed of NATS begins with an S"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--account", "nonsense"), "nonsense is no account"),
        (("--listen", "4222"), "'4222' is no HOST:PORT"),
        (("--listen", "0.0.0.0:99999"), "is no HOST:PORT"),
        (("--cluster", "a:6222"), "--cluster needs --ca"),
        (("--cluster", "a", "--ca", "x"), "'a' is no HOST:PORT"),
    ],
)
def test_what_no_broker_would_take_is_refused(
    config: WebConfig, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], says: str
) -> None:
    code, file = written(config, *options)
    assert code == 2
    assert says in capsys.readouterr().err
    assert not file.exists()
