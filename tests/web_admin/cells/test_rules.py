"""Folders and names of cells, and how one is retired."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import menjin
from tests.support.compounds.empty_cell import make_cell
from tests.web_admin.cells.commands import Run, first, restore, run, willow
from tests.web_admin.cells.cut_off import power_cut
from tests.web_admin.cells.installed import Here
from web_admin.cells import serving_lock
from web_admin.cells.checking import look_at_cells
from web_admin.cells.rules import (
    LEASE_SECONDS,
    Lease,
    host_asked,
    host_of,
    host_of_address,
    is_dead,
    is_name,
    is_of_another,
    seen_now,
    taken_twice,
)
from web_admin.cells.serving_lock import FILE_NAME, LeaseLost, ServedElsewhere, ServingLock, lease_of
from web_admin.cells.trouble import Kind


@pytest.mark.parametrize("name", ["a", "willow-court", "7", "-", "x" * 40])
def test_a_name_is_of_small_letters_digits_and_hyphens(name):
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "A", "x" * 41, "a.b", "a/b", "..", "小区", "a\n", "a b", "a_b"])
def test_no_other_name_is_one(name):
    assert not is_name(name)


@pytest.mark.parametrize(
    "header", ["a.example", "A.Example", "a.example:443", "a.example.", "A.EXAMPLE.:8000", "a.example:1"]
)
def test_case_port_and_final_dot_make_no_other_host(header):
    assert host_of(header) == "a.example"


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "a.example b.example",
        "a.example, b.example",
        "a.example,b.example",
        "b.example@a.example",
        "a.example/",
        "a.example:",
        "a.example:x",
        "a.example:123456",
        "a.example..",
        "http://a.example",
        "a\x00",
        "a.example\t",
        "[::1",
        "::1",
        "-",
        "ａ.example",
        "a" * 300,
    ],
)
def test_what_is_no_host_is_no_ones(header):
    assert host_of(header) is None


@given(st.text(max_size=60))
def test_a_host_that_was_read_is_read_alike_again(header):
    found = host_of(header)
    assert found is None or (host_of(found) == found and found in header.lower())


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example", "a.example"),
        ("https://A.example:8443", "a.example"),
        ("http://[::1]:8000", "[::1]"),
        ("https://柳园.example", "xn--fcsz90b.example"),
    ],
)
def test_the_host_of_an_address_is_as_browsers_send_it(url, host):
    assert host_of_address(url) == host


@pytest.mark.parametrize(
    ("proxies", "headers", "host"),
    [
        (0, {"HOST": "a.example", "X_FORWARDED_HOST": "b.example"}, "a.example"),
        (1, {"HOST": "inside", "X_FORWARDED_HOST": "b.example"}, "b.example"),
        (1, {"HOST": "inside", "X_FORWARDED_HOST": "forged.example, b.example"}, "b.example"),
        (2, {"HOST": "inside", "X_FORWARDED_HOST": "forged.example, b.example, middle"}, "b.example"),
        (2, {"HOST": "a.example", "X_FORWARDED_HOST": "b.example"}, "a.example"),
        (1, {"HOST": "a.example"}, "a.example"),
        (0, {"HOST": "a.example, b.example"}, None),
        (0, {}, None),
    ],
)
def test_a_forwarded_host_counts_where_so_many_proxies_are_trusted(proxies, headers, host):
    assert host_asked(headers, proxies) == host


def test_what_two_cells_have_is_named_with_both():
    assert taken_twice([("b", "x"), ("a", "x"), ("c", "y")]) == {"x": ["a", "b"]}


HERE = Lease("here/1", "boot-1", 10, 0)


def test_a_lease_of_an_earlier_start_of_this_machine_is_no_ones():
    assert not is_of_another(HERE, "here/1", "boot-2")
    assert not is_of_another(HERE, "renamed/2", "boot-1")
    assert is_of_another(HERE, "there/2", "boot-2")


def test_machines_that_do_not_know_their_start_differ_by_name():
    assert is_of_another(Lease("here/1", "", 10, 0), "there/2", "")
    assert not is_of_another(Lease("here/1", "", 10, 0), "here/1", "")


def test_a_lease_is_dead_once_it_has_not_moved_for_two_minutes():
    seen = seen_now(None, HERE, 0.0)
    assert not is_dead(seen_now(seen, HERE, LEASE_SECONDS - 1), LEASE_SECONDS - 1)
    assert is_dead(seen_now(seen, HERE, LEASE_SECONDS), LEASE_SECONDS)
    moved = Lease("here/1", "boot-1", 10, 1)
    assert not is_dead(seen_now(seen, moved, LEASE_SECONDS), LEASE_SECONDS)


@pytest.mark.wide
def test_cells_of_one_host_one_database_or_one_set_of_keys_are_both_out(here: Here) -> None:
    make_cell(
        here.folder, "oak", here.common, database_url=f"sqlite:///{here.folder / 'elm' / 'menjin.sqlite3'}"
    )
    here.look()
    assert [here.ask(f"{name}.example").status_code for name in ("willow", "elm", "oak")] == [200, 503, 503]
    (here.folder / "oak" / "web.toml").write_text('public_url = "https://WILLOW.example:444"\n')
    here.look()
    assert [here.ask(f"{name}.example").status_code for name in ("willow", "elm")] == [503, 200]
    (here.folder / "oak" / "web.toml").write_text('public_url = "https://oak.example"\n')
    key = here.folder / "oak" / "secrets" / "session.key"
    key.write_bytes((here.folder / "elm" / "secrets" / "session.key").read_bytes())
    here.look()
    assert [here.ask(f"{name}.example").status_code for name in ("willow", "elm", "oak")] == [200, 503, 503]


def test_cells_of_one_folder_of_backups_are_both_out(here: Here) -> None:
    """Each would delete what the other kept, and take the other's newest backup for its own."""
    shared, own = here.folder.parent / "backups", here.folder.parent / "of-elm"
    for name in ("willow", "elm"):
        settings = here.folder / name / "web.toml"
        settings.write_text(settings.read_text() + f'backup_dir = "{shared}/../backups"\n')
    here.look()
    assert [here.ask(f"{name}.example").status_code for name in ("willow", "elm")] == [503, 503]
    found = {looked.folder.name: looked.trouble for looked in look_at_cells(here.installation.choices)}
    assert {name: one and one.kind for name, one in found.items()} == dict.fromkeys(
        ("willow", "elm"), Kind.BACKUPS_TAKEN
    )
    settings.write_text(settings.read_text().replace(f"{shared}/../backups", str(own)))
    here.look()
    assert [here.ask(f"{name}.example").status_code for name in ("willow", "elm")] == [200, 200]


__all__ = ["first", "restore", "run", "willow"]


def test_a_cell_is_retired_when_it_is_held_and_a_cut_is_gone_on_with(
    willow: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, _out, err = run("cells", "retire", willow)
    assert status == 2
    assert "is not held: hold it first" in err
    assert run("cells", "hold", willow)[0] == 0
    assert "overwrite the keys" in run("cells", "retire", willow, "--dry-run")[1]
    from web_admin.cells import retiring

    with monkeypatch.context() as cut:
        cut.setattr(retiring, "destroy", power_cut)
        assert run("cells", "retire", willow)[0] == menjin.EXIT_INTERRUPTED
    assert "cut off" in run("cells", "retire", willow, "--dry-run")[1]
    assert run("cells", "retire", willow)[0] == 0
    assert list(willow.parent.iterdir()) == []
    assert run("cells", "retire", willow)[0] == 0


THERE = Lease("there/2", "boot-2", 7, 3)


def write(folder, lease):
    (folder / FILE_NAME).write_bytes(msgspec.json.encode(lease).ljust(512))


def test_a_second_lock_is_refused_and_names_the_first_ones_process(tmp_path):
    first = ServingLock(tmp_path, alone=True)
    first.take(0.0)
    with pytest.raises(ServedElsewhere, match=f"process {lease_of(tmp_path).process} of the machine"):
        ServingLock(tmp_path, alone=True).take(0.0)
    first.give_back()
    ServingLock(tmp_path, alone=True).take(0.0)


def test_processes_over_postgresql_share_a_folder_and_none_may_move_it_meanwhile(tmp_path):
    ServingLock(tmp_path, alone=False).take(0.0)
    second = ServingLock(tmp_path, alone=False)
    second.take(0.0)
    with pytest.raises(ServedElsewhere):
        ServingLock(tmp_path, alone=True).take(0.0)
    second.give_back()


def test_another_machines_lease_is_taken_only_after_it_has_stood_still(tmp_path):
    write(tmp_path, THERE)
    lock = ServingLock(tmp_path, alone=True)
    with pytest.raises(ServedElsewhere, match="the machine there"):
        lock.take(0.0)
    write(tmp_path, replace(THERE, beat=4))
    with pytest.raises(ServedElsewhere):
        lock.take(LEASE_SECONDS)
    with pytest.raises(ServedElsewhere):
        lock.take(2 * LEASE_SECONDS - 1)
    lock.take(2 * LEASE_SECONDS)
    assert lease_of(tmp_path).machine == serving_lock.this_machine()


def test_a_lease_that_another_machine_took_is_lost_and_not_given_back_for_it(tmp_path):
    lock = ServingLock(tmp_path, alone=True)
    lock.take(0.0)
    lock.renew()
    assert lease_of(tmp_path).beat == 1
    write(tmp_path, THERE)
    with pytest.raises(LeaseLost, match="process 7 of the machine there"):
        lock.renew()
    lock.give_back()
    assert lease_of(tmp_path) == THERE


def test_a_lease_given_back_is_no_ones(tmp_path):
    lock = ServingLock(tmp_path, alone=True)
    lock.take(0.0)
    lock.give_back()
    assert lease_of(tmp_path) is None
