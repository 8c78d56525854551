"""A gate's command with twins in place of the kernel's own parts, which few test machines have.

`python -m demo.without_kernel run SITE.toml` is `menjin gate run SITE.toml`, but that a GPIO chip is a
file and a USB wedge a FIFO. No switch in the product leads here.
"""

import sys
from collections.abc import Sequence
from functools import partial

from gate_controller import reader_parts, wiring
from hardware.simulated.gpio_file import FileChip
from hardware.simulated.wedge import grabbed_by_nobody
from hardware.wedge import WedgeCardReader, WedgeKeypad

REPLACED: tuple[tuple[object, str, object], ...] = (
    (wiring, "KernelChip", FileChip),
    (reader_parts, "WedgeCardReader", partial(WedgeCardReader, take_alone=grabbed_by_nobody)),
    (reader_parts, "WedgeKeypad", partial(WedgeKeypad, take_alone=grabbed_by_nobody)),
)
"""Where the gate takes its parts from, which part, and what stands in for it."""


def main(arguments: Sequence[str]) -> int:
    """Run `menjin gate` with the parts replaced."""
    from gate_controller.cli import run  # noqa: PLC0415 - after the names below are what they will be

    for module, name, part in REPLACED:
        setattr(module, name, part)
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
