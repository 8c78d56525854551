"""Run a gate's command with simulated kernel devices, which few test machines have.

`python -m demo.rig.without_kernel run SITE.toml` is `menjin gate run SITE.toml`, but that a GPIO chip is a
file and a USB wedge a FIFO. No switch in the product leads here.
"""

import sys
from collections.abc import Sequence

from hardware.simulated.without_kernel import twins_for_the_kernel


def main(arguments: Sequence[str]) -> int:
    """Run `menjin gate` with the parts replaced."""
    from gate_controller.cli import run  # noqa: PLC0415 - after what it takes its parts from

    with twins_for_the_kernel():
        return run(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
