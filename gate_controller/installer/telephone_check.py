"""Check the settings of the telephone program, and what the site file asks of them."""

from collections.abc import Iterator
from pathlib import Path

from gate_controller.command_line.command_names import gate_program
from gate_controller.installer.lines import CheckLine, fine, warning, wrong
from gate_controller.site_file.telephone import TelephoneSection
from hardware.telephones.settings import find_faults

FOLDER = Path("/etc/menjin/telephone")
PART = "telephone"


def check_telephone(section: TelephoneSection | None, folder: Path = FOLDER) -> Iterator[CheckLine]:
    """Yield what a gate with a telephone has to know of its program; nothing without one."""
    if section is None:
        return
    lines = list(check_telephone_program(folder))
    yield from lines
    if section.answer_needs_key and any(not line.ok for line in lines):
        text = (
            "answer_needs_key = true, but no key counts: every call for help would end as an alarm. "
            "Encrypt the calls, or leave it out and name telephones without a mailbox"
        )
        yield wrong(PART, "guard_numbers", text)


def check_telephone_program(folder: Path) -> Iterator[CheckLine]:
    """Yield the faults of the settings in a folder, or that keys count by them."""
    try:
        config, accounts = ((folder / name).read_text(encoding="utf-8") for name in ("config", "accounts"))
    except PermissionError as err:
        text = f"{err.filename} is root's; run: sudo {gate_program()} telephone {folder}"
        yield warning(PART, "", text)
        return
    except (OSError, UnicodeDecodeError) as err:
        yield wrong(PART, "", f"{folder}: {err}; docs/calls.md says what belongs there")
        return
    faults = list(find_faults(config, accounts))
    for fault in faults:
        yield (wrong if fault.is_refused else warning)(PART, "", fault.text)
    if not faults:
        yield fine(PART, "", "calls are encrypted, and keys of telephones count")
