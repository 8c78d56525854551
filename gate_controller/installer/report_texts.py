"""Describe what a device reported, in words for the installer."""

from collections.abc import Mapping

from hardware.interfaces import CardRead, CodeRead, DeviceReport, InputChange, KeyPress


def describe_report(
    report: DeviceReport, lanes: Mapping[str, str], places: Mapping[str, str] | None = None
) -> str:
    """Return one line for the installer about what a device handed up.

    `lanes` and `places` (port or chip) are by device.
    """
    match report:
        case CardRead():
            return f"{report.device} (lane {lanes[report.device]}): card {report.number}, {report.bits} bits"
        case KeyPress():
            return f"{report.device} (lane {lanes[report.device]}): key {report.key}"
        case CodeRead():
            return f"{report.device} (lane {lanes[report.device]}): a code of {len(report.text)} characters"
        case InputChange():
            word = "active" if report.active else "at rest"
            at = [(places or {}).get(report.device, ""), report.terminal and f"terminal {report.terminal}"]
            where = ", ".join([part for part in at if part] + [f"lane {report.lane_id}"])
            return f"{report.device} ({where}): {report.kind.value} is {word}"
        case _:
            return f"{report.device}: {report.health.value} {report.detail}"
