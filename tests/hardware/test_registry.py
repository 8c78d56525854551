"""Drivers are found by their entry points; each that cannot be used gets one clear error."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gate_controller.contract.records import Id
from gate_controller.site_file.config import NAMED_PARTS, ConfigRefused
from gate_controller.site_file.load import load_config
from hardware.driver import API, PartName
from hardware.registry import (
    BASES,
    FOLDER_VARIABLE,
    GROUP,
    DriverRefused,
    Drivers,
    find_changeable,
    installed_drivers,
)
from tests.support.driver_packages import EXAMPLE, MODULE, installed
from tests.support.gates.bench import SITE_FILE

ROOT = Path(__file__).resolve().parents[2]
BADGE = '[reader.badge]\nkind = "badge_reader"\nport = "/dev/serial/by-id/badge"\nlane = "north-in"\n{more}'


def site_file(folder: Path, more: str = "", kind: str = "badge_reader") -> Path:
    path = folder / "site.toml"
    badge = BADGE.format(more=more).replace("badge_reader", kind)
    path.write_text(SITE_FILE.format(root=folder, more=badge), encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ConfigRefused) as refused:
        load_config(path)
    return str(refused.value).removeprefix(f"{path}, line {line_of_kind(path)}: ")


def line_of_kind(path: Path) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines.index("[reader.badge]") + 2


def test_menjins_own_drivers_are_registered_as_every_other_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = installed_drivers().of_package("menjin")
    assert {one.name: one.entry.value for one in own} == project["entry-points"][GROUP]
    assert {one.load().api for one in own} == {API}
    no_drivers = {"lane", "terminal", "osdp_line"}
    assert {one.load().table for one in own} == NAMED_PARTS.keys() - no_drivers


def test_the_kinds_of_a_table_are_the_drivers_that_it_can_name() -> None:
    own = [one.load() for one in installed_drivers().of_package("menjin")]
    legal = {table: NAMED_PARTS[table].__annotations__["kind"] for table in BASES}
    for table, hint in legal.items():
        kinds = {driver.name for driver in own if driver.table == table}
        assert kinds == set(hint.__origin__.__args__), table


def test_names_of_parts_are_those_of_the_policy() -> None:
    assert PartName.__metadata__ == Id.__metadata__


def test_a_driver_of_another_package_has_keys_of_its_own(tmp_path: Path) -> None:
    with installed(tmp_path / "site"):
        config = load_config(site_file(tmp_path, 'side = "right"\n'))
        assert type(config.reader["badge"]).__name__ == "BadgeSettings"
        assert config.reader["badge"].side == "right"
        path = site_file(tmp_path, 'side = "top"\n')
        with pytest.raises(
            ConfigRefused, match=r"reader\.badge\.side: 'top' is not legal; legal values: 'left'"
        ):
            load_config(path)
        with pytest.raises(ConfigRefused, match=r"no such key; legal keys: kind, port, lane, baud, side"):
            load_config(site_file(tmp_path, "bits = 34\n"))


def test_an_unknown_driver_is_refused_with_those_that_are_there(tmp_path: Path) -> None:
    sentence = "reader.badge.kind: 'badge_raeder' is not legal; legal values: 'serial_card', 'usb_card'"
    assert refusal(site_file(tmp_path, kind="badge_raeder")) == sentence
    with installed(tmp_path / "site"):
        others = "; other packages register 'badge_reader'"
        assert refusal(site_file(tmp_path, kind="badge_raeder")) == f"{sentence}{others}"
        assert MODULE not in sys.modules, "what the site file does not name is not loaded"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("api=API", "api=2", "is written for API 2, and this gate has API 1"),
        ('"""Read badges', "import no_such_library\n'''", "cannot be loaded: SyntaxError"),
        (
            "import re\n",
            "import re, no_such_library\n",
            "cannot be loaded: ModuleNotFoundError: No module named",
        ),
        ("DRIVER = Driver(", "DRIVER = dict(", "is no hardware.driver.Driver but a dict"),
        ('name="badge_reader"', 'name="bagde_reader"', "calls itself 'bagde_reader'"),
        (
            'table="reader"',
            'table="tag_reader"',
            "is for the table 'tag_reader'; legal tables: reader, keypad",
        ),
        ("settings=BadgeSettings", "settings=dict", "do not derive from hardware.driver.LaneDeviceSettings"),
        ("import re\n", "import re\nraise SystemExit(3)\n", "cannot be loaded: SystemExit: 3"),
        (
            "baud: Baud =",
            "baud: set[list[int]] | list[set[str]] =",
            "has settings that cannot be read: Type unions",
        ),
        ("    lane: AtLane\n", "", "has settings without the key 'lane'"),
    ],
)
def test_a_driver_that_cannot_be_used_is_refused_with_its_package(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    with installed(tmp_path / "site", change=lambda source: source.replace(old, new)):
        sentence = refusal(site_file(tmp_path))
        assert sentence.startswith(
            "reader.badge.kind: the driver 'badge_reader' of the package menjin-badge-reader"
        )
        assert why in sentence
        assert sentence.endswith("; update or remove the package menjin-badge-reader")
        # A gate that does not use it runs as ever.
        (tmp_path / "site.toml").write_text(SITE_FILE.format(root=tmp_path, more=""), encoding="utf-8")
        load_config(tmp_path / "site.toml")


def test_a_driver_makes_pip_fetch_no_face_over_a_gate_without_face() -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dependencies"] == []


def test_two_packages_with_one_driver_are_refused(tmp_path: Path) -> None:
    with installed(tmp_path / "one"), installed(tmp_path / "two", package="menjin-badge-copy"):
        sentence = (
            "reader.badge.kind: the driver 'badge_reader' is registered twice, by menjin-badge-copy and "
            "menjin-badge-reader; remove one of them"
        )
        assert refusal(site_file(tmp_path)) == sentence


def test_without_any_package_the_error_says_what_to_run() -> None:
    with pytest.raises(
        DriverRefused, match="no installed package registers the driver 'serial_card'; run 'make"
    ):
        Drivers(()).driver("serial_card")


LIKE_THE_LAUNCHER = "import sys; sys.path.insert(0, sys.argv.pop(1)); import menjin; sys.exit(menjin.main())"


def test_a_gate_of_the_launcher_or_of_debian_takes_drivers_from_the_machines_folder(tmp_path: Path) -> None:
    """The command of docs/driver_checklist.md, and a program that is started by -I, as both are."""
    folder, source = tmp_path / "drivers", tmp_path / "source"
    shutil.copytree(EXAMPLE, source)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--target",
        folder,
        "--no-build-isolation",
        "--quiet",
    ]
    subprocess.run([*pip, "--disable-pip-version-check", source], check=True, umask=0o022)
    gate = [sys.executable, "-I", "-c", LIKE_THE_LAUNCHER, str(ROOT), "driver", "show", "badge_reader"]

    def shown() -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, FOLDER_VARIABLE: str(folder)}
        return subprocess.run(gate, env=environment, capture_output=True, text=True, check=False, umask=0o022)

    folder.chmod(0o755)
    assert shown().stdout.startswith("[reader.NAME]"), shown().stderr
    module = folder / "menjin_badge_reader" / "__init__.py"
    module.chmod(0o666)
    refused = shown()
    assert refused.returncode != 0
    assert f"{module}: others than root can write it" in refused.stderr


@pytest.fixture
def laid_down(tmp_path: Path) -> Path:
    """Give a folder of drivers below one that only its owner can write."""
    folder = tmp_path / "parent" / "drivers"
    (folder / "badge").mkdir(parents=True)
    (folder / "badge" / "__init__.py").touch(mode=0o644)
    for place in (tmp_path, tmp_path / "parent", folder, folder / "badge"):
        place.chmod(0o755)
    return folder


@pytest.mark.parametrize("where", ["badge/__init__.py", "badge", ".", ".."])
def test_no_file_folder_or_parent_of_drivers_may_be_written_by_others(laid_down: Path, where: str) -> None:
    mine = {0, os.getuid()}
    assert find_changeable(laid_down, mine) is None
    place = (laid_down / where).resolve()
    for mode in (0o775, 0o757):
        place.chmod(mode)
        assert find_changeable(laid_down, mine) == place


def test_drivers_of_another_owner_and_links_are_found_and_a_shared_parent_like_tmp_is_not(
    laid_down: Path,
) -> None:
    mine = {0, os.getuid()}
    assert find_changeable(laid_down, {os.getuid() + 1}) == laid_down / "badge"
    assert find_changeable(laid_down / "badge", {os.getuid() + 1}) == laid_down / "badge" / "__init__.py"
    laid_down.parent.chmod(0o1777)
    assert find_changeable(laid_down, mine) is None
    laid_down.chmod(0o1777)
    assert find_changeable(laid_down, mine) == laid_down
    (laid_down / "more.py").symlink_to(laid_down / "badge" / "__init__.py")
    assert find_changeable(laid_down, mine) == laid_down / "more.py"


def test_a_driver_of_the_machines_folder_hides_nothing_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    tmp_path.chmod(0o755)
    installed_drivers.cache_clear()
    installed_drivers()
    assert sys.path[-1] == str(tmp_path)
    installed_drivers.cache_clear()


def test_a_site_file_is_read_without_loading_a_driver(tmp_path: Path) -> None:
    """A look at ports begins at once: the libraries of devices take their time."""
    path = tmp_path / "site.toml"
    path.write_text(SITE_FILE.format(root=tmp_path, more=""), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from gate_controller.site_file.load import load_config; "
        f"load_config(Path({str(path)!r})); "
        "print(sorted({'serial', 'pymodbus', 'numpy', 'cv2', 'gpiod', 'osdp'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_a_reader_of_ones_own_is_four_files_and_its_test_and_none_of_them_is_menjins() -> None:
    files = [path for path in EXAMPLE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert len(files) + 1 <= 6
    own = [ROOT / package for package in ("hardware", "gate_controller", "demo", "docs", "deploy")]
    text = "\n".join(path.read_text(encoding="utf-8") for place in own for path in place.rglob("*.py"))
    assert "badge" not in text
