"""A folder is served by one process of one machine."""

from dataclasses import replace

import msgspec
import pytest

from web_admin.cells import serving_lock
from web_admin.cells.rules import LEASE_SECONDS, Lease
from web_admin.cells.serving_lock import FILE_NAME, LeaseLost, ServedElsewhere, ServingLock, lease_of

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
