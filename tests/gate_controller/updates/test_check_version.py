"""A version that would fail at a device is refused before the gate is switched to it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gate_controller.contract.program import program_version
from gate_controller.updates.fetch import check_version
from gate_controller.updates.launcher import lib_of
from gate_controller.updates.updates import NotFetched
from tests.support.gates.bench import SITE_FILE
from tests.support.gates.versions import CHECKOUT, make_wheel

USB_RELAY = "hardware/relays/usb.py"


def unpacked(root: Path, version: str, changed: dict[str, str] | None = None) -> None:
    lib = lib_of(root, version)
    lib.mkdir(parents=True)
    shutil.unpack_archive(make_wheel(root / "wheels", version, changed), lib, "zip")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE_FILE.format(root=tmp_path, more=""), encoding="utf-8")
    return path


@pytest.mark.wide
def test_a_version_that_loads_whole_may_be_switched_to(tmp_path: Path, site: Path) -> None:
    unpacked(tmp_path, "0.3.0")
    check_version(tmp_path, "0.3.0", site)


@pytest.mark.wide
@pytest.mark.parametrize("module", [USB_RELAY, "hardware/relays/drivers.py", "hardware/readers/wiegand.py"])
@pytest.mark.first_set
def test_a_version_whose_device_does_not_load_is_refused(tmp_path: Path, site: Path, module: str) -> None:
    source = (CHECKOUT / module).read_text(encoding="utf-8")
    unpacked(tmp_path, "0.3.1", {module: f"raise ImportError('a broken file')\n{source}"})
    with pytest.raises(NotFetched, match="a broken file"):
        check_version(tmp_path, "0.3.1", site)


def test_a_version_without_the_driver_of_a_part_is_refused(tmp_path: Path, site: Path) -> None:
    source = (CHECKOUT / "hardware/relays/drivers.py").read_text(encoding="utf-8")
    unpacked(tmp_path, "0.3.1", {"hardware/relays/drivers.py": source.replace("api=API", "api=2")})
    with pytest.raises(NotFetched, match="is written for API 2"):
        check_version(tmp_path, "0.3.1", site)


WITHOUT_OPENCV = """
import importlib.machinery as machinery, sys
own = machinery.PathFinder.find_spec
machinery.PathFinder.find_spec = classmethod(
    lambda cls, name, *more: None if name.partition(".")[0] == "cv2" else own(name, *more)
)
import menjin
sys.exit(menjin.main())
"""


@pytest.mark.wide
def test_a_gate_without_opencv_is_ready_as_well(site: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_OPENCV, "gate", "ready", str(site)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, program_version()), done.stderr
