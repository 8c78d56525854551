"""What a gate holds in memory reaches neither a core file nor swap, and a missing protection is reported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gate_controller.assembly.process_hardening import swap_trouble

HARDENED = """
import os, resource
from gate_controller.assembly.process_hardening import harden_process
print(len(harden_process()))
print(resource.getrlimit(resource.RLIMIT_CORE))
print(os.stat("/proc/self/mem").st_uid)
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmLck")][0])
print(len(os.listdir("/proc/self/fd")) > 2)
before = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")][0]
import mmap
room = mmap.mmap(-1, 64 << 20)
after = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")][0]
print(int(after) - int(before) < 16 << 10)
"""
CRASHES = """
import os, resource
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
from gate_controller.assembly.process_hardening import harden_process
harden_process()
os.abort()
"""
HEADER = "Filename\tType\tSize\tUsed\tPriority\n"


def test_a_hardened_process_has_no_core_and_locks_only_what_it_uses() -> None:
    said = subprocess.run(
        [sys.executable, "-c", HARDENED], capture_output=True, text=True, check=True, timeout=60
    ).stdout.splitlines()
    _troubles, core, owner_of_memory, locked, sees_own_files, is_small = said
    assert core == "(0, 0)"
    assert owner_of_memory == "0", "of a process that is not dumpable, everything belongs to root"
    assert (int(locked) > 0) is (os.geteuid() == 0)
    assert (sees_own_files, is_small) == ("True", "True")


def test_a_crash_leaves_no_core_file(tmp_path: Path) -> None:
    crashed = subprocess.run(
        [sys.executable, "-c", CRASHES],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert crashed.returncode == -6
    assert [*tmp_path.iterdir()] == []


@pytest.fixture
def machine(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A machine with swap, and this process in a control group of its own."""
    swaps, own = tmp_path / "swaps", tmp_path / "cgroup"
    swaps.write_text(HEADER + "/dev/zram0 partition 2097148 0 100\n")
    own.write_text("0::/system.slice/menjin-gate.service\n")
    (tmp_path / "fs" / "system.slice" / "menjin-gate.service").mkdir(parents=True)
    return swaps, own, tmp_path / "fs"


def limit_of(machine: tuple[Path, Path, Path]) -> Path:
    return machine[2] / "system.slice" / "menjin-gate.service" / "memory.swap.max"


def test_swap_is_reported_with_the_device_and_the_remedy(machine: tuple[Path, Path, Path]) -> None:
    [said] = swap_trouble(*machine)
    assert "/dev/zram0" in said
    assert "MemorySwapMax=0" in said
    limit_of(machine).write_text("max\n")
    assert swap_trouble(*machine) == [said]


def test_a_unit_without_swap_and_a_machine_without_swap_are_fine(machine: tuple[Path, Path, Path]) -> None:
    limit_of(machine).write_text("0\n")
    assert swap_trouble(*machine) == []
    limit_of(machine).unlink()
    machine[0].write_text(HEADER)
    assert swap_trouble(*machine) == []
    machine[0].unlink()
    assert swap_trouble(*machine) == []
