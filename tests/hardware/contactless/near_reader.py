"""A virtual card as a reader hands it to the protocol, with a clock that moves by each answer."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hardware.contactless.pkoc import Challenge
from hardware.simulated.contactless_cards import VirtualCard

READER = b"s" * 16 + b"r" * 16


@dataclass
class Field:
    card: VirtualCard
    answer_ns: int = 1_000_000
    now_ns: int = 0
    commands: list[bytes] = field(default_factory=list)

    def exchange(self, command: bytes) -> bytes:
        self.commands.append(command)
        self.now_ns += self.answer_ns
        return self.card.answer(command)

    @property
    def clock(self) -> Callable[[], int]:
        return lambda: self.now_ns


def challenge(number: int = 1) -> Challenge:
    return Challenge(number.to_bytes(16, "big"), READER)
