"""What a UART makes of bits that were sent at another baud rate than it listens at."""


def as_heard(data: bytes, sent_baud: int, heard_baud: int) -> bytes:
    """Return the bytes that 8N1 sent at one rate becomes at another; equal rates give the data back.

    The line is drawn bit by bit (start low, eight bits from the lowest, stop high) and sampled in the
    middle of each bit, as a 16550 does: a low where the stop bit should be is a framing error and is
    taken for the next start bit; a byte of nothing but low is a break, which lasts until the line is
    high. Linux hands such bytes up like others (termios(3), no INPCK).
    """
    line = [level for byte in data for level in (0, *(byte >> n & 1 for n in range(8)), 1)]
    sent, heard = 2 * heard_baud, 2 * sent_baud  # the length of one bit, in a unit that divides both

    def level_at(time: int) -> int:
        place = time // sent
        return line[place] if place < len(line) else 1

    def next_at(time: int, level: int) -> int:
        while level_at(time) != level and time < sent * len(line):
            time = (time // sent + 1) * sent
        return time

    bytes_heard = bytearray()
    start = next_at(0, 0)
    while start < sent * len(line):
        byte = sum(level_at(start + heard * (2 * n + 3) // 2) << n for n in range(8))
        stop = start + heard * 19 // 2
        bytes_heard.append(byte)
        if level_at(stop):
            start = next_at(stop, 0)
        elif byte:
            start = stop - heard // 2
        else:
            start = next_at(next_at(stop, 1), 0)
    return bytes(bytes_heard)
