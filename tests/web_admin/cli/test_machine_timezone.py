"""The time zone of this machine is proposed where it is that of a place."""

from pathlib import Path

import pytest

from web_admin.cli.machine_timezone import machine_timezone


@pytest.mark.parametrize(
    ("target", "proposed"),
    [
        ("/usr/share/zoneinfo/Asia/Shanghai", "Asia/Shanghai"),
        ("../usr/share/zoneinfo/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("/usr/share/zoneinfo/Etc/UTC", ""),
        ("/usr/share/zoneinfo/UTC", ""),
        ("/usr/share/zoneinfo/Mars/Base", ""),
        ("/etc/a-copy", ""),
    ],
)
def test_the_link_of_the_system_names_the_zone(tmp_path: Path, target: str, proposed: str) -> None:
    link = tmp_path / "localtime"
    link.symlink_to(target)
    assert machine_timezone({}, link) == proposed


@pytest.mark.parametrize(
    ("chosen", "proposed"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("CST-8", ""),
        ("../../etc/passwd", ""),
    ],
)
def test_the_zone_of_the_environment_comes_before_that_of_the_system(
    tmp_path: Path, chosen: str, proposed: str
) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Asia/Shanghai")
    assert machine_timezone({"TZ": chosen}, link) == proposed


def test_a_system_without_a_link_proposes_nothing(tmp_path: Path) -> None:
    (tmp_path / "localtime").write_bytes(b"TZif2")
    assert [machine_timezone({}, tmp_path / name) for name in ("localtime", "absent")] == ["", ""]
