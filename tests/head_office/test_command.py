"""`menjin head-office` as an operator types it, with files of every kind of fault."""

import json
import stat

import pytest

from head_office.settings import FileRefused, read_compounds, read_key, read_settings
from tests.support.head_office import KEY, add, answering, command, overview


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[lake\n", "compounds.toml"),
        ("[Lake]\nname='x'\naddress='https://x.example'\n", "legal are 1 to 40"),
        ("[lake]\nname='x'\n", "missing required field `address`"),
        ("[lake]\nname='x'\naddress='https://x.example'\nkey='mjk_'\n", "unknown field `key`"),
        ("[lake]\nname='x'\naddress='http://x.example'\n", "legal is https://NAME"),
        ("[lake]\nname='x'\naddress='https://a:b@x.example'\n", "legal is https://NAME"),
        ("[lake]\nname='x'\naddress='https://x.example/path'\n", "legal is https://NAME"),
        ("[lake]\nname='x'\naddress='https://x.example:99999'\n", "legal is https://NAME"),
        (
            "[a]\nname='x'\naddress='https://x.example'\n[b]\nname='y'\naddress='https://X.example/'\n",
            "address of [a]",
        ),
        ("lake = 1\n", "[lake]"),
    ],
)
def test_a_wrong_list_names_the_place_and_what_is_legal(tmp_path, text, says):
    (tmp_path / "compounds.toml").write_text(text, encoding="utf-8")
    with pytest.raises(FileRefused) as refused:
        read_compounds(tmp_path)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "public_url = 'https://head.example.org'",
        "timezone = 'Nowhere/City'",
        "public_url = 'http://head.example.org'",
        "ask_every_seconds = 1",
        "trusted_proxies = -1",
        "colour = 'red'",
    ],
)
def test_wrong_settings_are_refused(tmp_path, text):
    (tmp_path / "head_office.toml").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(FileRefused):
        read_settings(tmp_path)


def test_what_was_added_is_read_as_it_was_typed(tmp_path):
    name = 'a "quoted" \\ name\t湖'
    add(tmp_path, "lake", "https://x.example.org", name=name, group="东 'x'")
    [one] = read_compounds(tmp_path)
    assert (one.name, one.group, one.address) == (name, "东 'x'", "https://x.example.org")
    assert read_key(tmp_path, "lake") == KEY
    assert stat.S_IMODE((tmp_path / "keys" / "lake.key").stat().st_mode) == 0o600
    for word, address in (("lake", "https://y.example.org"), ("other", "https://x.example.org")):
        with pytest.raises(FileRefused):
            add(tmp_path, word, address)


@pytest.mark.wide
def test_adding_and_checking_say_how_a_compound_is(tmp_path):
    key = tmp_path / "typed.key"
    key.write_text(KEY + "\n", encoding="ascii")
    data_dir = tmp_path / "data"
    with answering(overview(gates__behind=1)) as compound:
        words = ("--name", "Lake", "--address", compound.address, "--key-file", str(key))
        added = command(data_dir, "add", "lake", *words)
        assert (added.returncode, added.stdout) == (
            0,
            "Added. lake: look, 4 of 4 gates in contact; gates_behind\n",
        )
        assert command(data_dir, "add", "lake", *words).returncode == 2
        assert command(data_dir, "check").returncode == 0
    gone = command(data_dir, "check", "--json")
    assert gone.returncode == 1
    [facts] = json.loads(gone.stdout)
    assert (facts["compound"], facts["no_answer"]) == ("lake", "no_connection")
    assert KEY not in added.stdout + added.stderr + gone.stdout + gone.stderr
