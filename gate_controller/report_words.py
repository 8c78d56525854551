"""What a device handed up, in words for the installer."""

from collections.abc import Mapping

from hardware.interfaces import CardRead, CodeRead, DeviceReport, InputChange, KeyPress


def describe_report(report: DeviceReport, lanes: Mapping[str, str]) -> str:
    """Return one line for the installer about what a device handed up."""
    match report:
        case CardRead():
            return f"{report.device} (lane {lanes[report.device]}): card {report.number}, {report.bits} bits"
        case KeyPress():
            return f"{report.device} (lane {lanes[report.device]}): key {report.key}"
        case CodeRead():
            return f"{report.device} (lane {lanes[report.device]}): a code of {len(report.text)} characters"
        case InputChange():
            word = "active" if report.active else "at rest"
            return f"{report.device} (lane {report.lane_id}): {report.kind.value} is {word}"
        case _:
            return f"{report.device}: {report.health.value} {report.detail}"
