"""Replace what drivers take from the kernel: a GPIO chip by a file, a USB keyboard by a FIFO.

For tests, the demo's workbench and the check of drivers; no switch of the gate leads here.
"""

from collections.abc import Iterator
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
