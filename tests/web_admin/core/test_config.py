"""Wrong configuration names the file, the key and what is legal; secrets are neither defaulted nor shown."""

import base64
import stat

import pytest

from web_admin.core.config import SECRET_NAMES, ConfigRefused, load_config, write_secret, write_settings


@pytest.fixture
def data_dir(tmp_path):
    (tmp_path / "secrets").mkdir()
    for name in SECRET_NAMES:
        write_secret(tmp_path / "secrets", name)
    write_settings(tmp_path / "web.toml", {"public_url": "https://gate.example.org"})
    return tmp_path


def test_a_whole_configuration_is_read(data_dir):
    config = load_config({}, data_dir)
    assert config.database_url == f"sqlite:///{data_dir}/menjin.sqlite3"
    assert (config.public_url, config.is_https, config.trusted_proxies) == (
        "https://gate.example.org",
        True,
        0,
    )
    assert len({config.seal_key, config.lookup_key, config.face_key, config.session_key}) == 4


@pytest.mark.parametrize("folder", ["/var/backups/menjin", "backups"])
def test_the_folder_of_backups_is_a_path_beside_the_data(data_dir, folder):
    with (data_dir / "web.toml").open("a") as file:
        file.write(f'backup_dir = "{folder}"\n')
    assert load_config({}, data_dir).backup_dir == data_dir / folder


def test_the_environment_goes_before_the_file(data_dir):
    config = load_config(
        {
            "MENJIN_DATA_DIR": str(data_dir),
            "MENJIN_PUBLIC_URL": "http://127.0.0.1:8000/",
            "MENJIN_DATABASE_URL": "postgresql://menjin@database/menjin",
            "MENJIN_TRUSTED_PROXIES": "1",
        }
    )
    assert config.public_url == "http://127.0.0.1:8000"
    assert (config.database_url, config.trusted_proxies) == ("postgresql://menjin@database/menjin", 1)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("public_url = 'gate.example.org'", r"web.toml: public_url is 'gate.example.org'; legal is https"),
        ("public_url = 'https://x/path'", "without a path"),
        ("public_url = 'http://10.0.0.5'", "web.toml: public_url: http://10.0.0.5 is not encrypted"),
        ("public_url = 'http://[fd00::5]'", "is not encrypted; legal is https"),
        ("database_url = 'mysql://x'", "web.toml: database_url .*legal are sqlite"),
        ("trusted_proxies = 9", "web.toml: trusted_proxies is 9; legal are whole numbers from 0 to 8"),
        ("trusted_proxies = true", "legal are whole numbers"),
        ("security_contact = 'security@example.org'", "web.toml: security_contact .*legal are mailto:"),
        ("webhook_ports = [0]", r"web.toml: webhook_ports is \[0\]; legal are ports from 1 to 65535"),
        ("webhook_ports = true", "legal are ports"),
        ("webhook_ports = '9000, x'", "legal are ports"),
        ("turn_servers = ['turn.example.org']", r"turn_servers is .*legal are relays, such as \[\"turn:"),
        ("turn_servers = ['turn:a:1', 'turn:b:1', 'turn:c:1', 'turn:d:1', 'turn:e:1']", "legal are relays"),
        ("publc_url = 'x'", "unknown key 'publc_url'; legal are public_url, database_url"),
        ("public_url = ", "not TOML"),
    ],
)
def test_a_wrong_setting_names_file_key_and_legal_values(data_dir, line, said):
    content = line if line.startswith("public_url") else f"public_url = 'https://x'\n{line}"
    (data_dir / "web.toml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigRefused, match=said):
        load_config({}, data_dir)


@pytest.mark.parametrize("address", ["h:notaport/d", "[::1/d"])
def test_an_address_of_a_database_that_cannot_be_read_is_refused_unshown(data_dir, address):
    with pytest.raises(ConfigRefused, match="MENJIN_DATABASE_URL is wrong; legal are sqlite") as refused:
        load_config({"MENJIN_DATABASE_URL": f"postgresql://u:hunter2@{address}"}, data_dir)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_missing_address_is_named(data_dir):
    (data_dir / "web.toml").unlink()
    with pytest.raises(ConfigRefused, match=r"public_url .*is missing"):
        load_config({}, data_dir)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_missing_secret_is_named_and_never_made_up(data_dir, name):
    (data_dir / "secrets" / f"{name}.key").unlink()
    with pytest.raises(ConfigRefused, match=rf"{name}\.key is missing"):
        load_config({}, data_dir)


@pytest.mark.parametrize(("content", "said"), [(b"c2hvcnQ=", "5 bytes; legal are 32"), (b"%%", "not base64")])
def test_a_secret_that_is_none_is_refused(data_dir, content, said):
    (data_dir / "secrets" / "seal.key").write_bytes(content)
    with pytest.raises(ConfigRefused, match=said):
        load_config({}, data_dir)


def test_a_secret_that_everyone_can_read_is_refused(data_dir):
    (data_dir / "secrets" / "seal.key").chmod(0o644)
    with pytest.raises(ConfigRefused, match="chmod 0600"):
        load_config({}, data_dir)


def test_secrets_are_private_random_and_never_replaced(data_dir):
    path = data_dir / "secrets" / "seal.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_secret(data_dir / "secrets", "seal")


def test_relays_need_the_secret_that_they_share_and_it_has_no_default(data_dir):
    given = {"MENJIN_TURN_SERVERS": "turn:turn.example.org:3478 turns:turn.example.org:443?transport=tcp"}
    path = data_dir / "secrets" / "turn.secret"
    with pytest.raises(ConfigRefused, match=r"turn\.secret is missing"):
        load_config(given, data_dir)
    path.write_text("short\n", encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(ConfigRefused, match="5 characters; legal are 32") as refused:
        load_config(given, data_dir)
    assert "short" not in str(refused.value)
    path.write_text("s" * 32 + "\nnot this\n", encoding="utf-8")
    path.chmod(0o644)
    with pytest.raises(ConfigRefused, match="chmod 0600"):
        load_config(given, data_dir)
    path.chmod(0o600)
    config = load_config(given, data_dir)
    assert (len(config.turn_servers), config.turn_secret) == (2, "s" * 32)
    assert config.turn_secret not in repr(config)
    assert load_config({}, data_dir).turn_secret == ""


def test_printing_the_configuration_shows_no_secret(data_dir):
    config = load_config({"MENJIN_DATABASE_URL": "postgresql://menjin:hunter2@database/menjin"}, data_dir)
    shown = repr(config)
    assert "hunter2" not in shown
    assert repr(config.seal_key) not in shown
    assert base64.b64encode(config.seal_key).decode() not in shown
