"""Run a gate's command with simulated kernel devices, which few test machines have.

`python -m demo.rig.without_kernel run SITE.toml` is `menjin gate run SITE.toml`, but that a GPIO chip is a
file and a USB wedge a FIFO. No switch in the product leads here.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from hardware.lines import gpio
from hardware.readers import usb_keyboard
from hardware.readers.usb_keyboard import WedgeCardReader, WedgeKeypad
from hardware.simulated.gpio_file import FileChip
from hardware.simulated.wedge import skip_grab

REPLACED: tuple[tuple[object, str, object], ...] = (
    (gpio, "KernelChip", FileChip),
    (usb_keyboard, "WedgeCardReader", partial(WedgeCardReader, take_alone=skip_grab)),
    (usb_keyboard, "WedgeKeypad", partial(WedgeKeypad, take_alone=skip_grab)),
)
"""Where the drivers take their parts from, which part, and its replacement."""


@contextmanager
def twins_for_the_kernel() -> Iterator[None]:
    """Replace the parts in this process, until the end of the block."""
    before = [(module, name, getattr(module, name)) for module, name, _part in REPLACED]
    for module, name, part in REPLACED:
        setattr(module, name, part)
    try:
        yield
    finally:
        for module, name, part in before:
            setattr(module, name, part)


def main(arguments: Sequence[str]) -> int:
    """Run `menjin gate` with the parts replaced."""
    from gate_controller.cli import run  # noqa: PLC0415 - after what it takes its parts from

    with twins_for_the_kernel():
        return run(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
