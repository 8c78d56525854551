"""The metal of a gate, on the machine: a card reader and a relay board behind ptys.

A line in `taps` is a card held to the reader; `said` gets a line for each: whether the relay was released.
"""

import os
import shutil
import sys
import time
from pathlib import Path

from hardware.readers.cards import CardFormat
from hardware.simulated.readers import LineCardReader
from hardware.simulated.relay_board import RelayBoard

LONGEST_WAIT_SECONDS = 60.0


def main(folder: Path) -> None:
    """Play it until the machine ends."""
    folder.mkdir()
    os.mkfifo(folder / "taps")
    with (
        RelayBoard(folder / "relay", name="relay") as relay,
        LineCardReader(folder / "card", CardFormat(34, "hex"), name="card") as card,
    ):
        for name in ("relay", "card"):
            shutil.chown((folder / name).resolve(), group="menjin-devices")
            (folder / name).resolve().chmod(0o660)
        (folder / "said").write_text("")
        while True:
            for line in (folder / "taps").read_text().split():
                give_up = time.monotonic() + LONGEST_WAIT_SECONDS
                while relay.changes and relay.changes[-1].on:  # a pulse that runs would be gone on with
                    time.sleep(0.05)
                before = len(relay.changes)
                card.tap(int(line))
                while not (came := any(change.on for change in relay.changes[before:])):
                    if time.monotonic() > give_up:
                        break
                    time.sleep(0.05)
                with (folder / "said").open("a") as said:
                    said.write("opened\n" if came else "stayed shut\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
