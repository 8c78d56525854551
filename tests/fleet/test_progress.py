"""At a terminal a bar stays below what is said; elsewhere there is a line a step and no bar."""

import io

from fleet.progress import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_a_bar_below_what_is_said() -> None:
    terminal = Terminal()
    bar = Bar(4, terminal)
    bar.step("elm")
    bar.step("oak", by=2)
    assert terminal.getvalue().endswith("[######################........] 3/4")
    bar.say("fir waits")
    bar.close()
    shown = [line.rpartition("\r\033[K")[2] for line in terminal.getvalue().split("\n")]
    assert shown == ["[1/4] elm", "[3/4] oak", "fir waits", ""]


def test_a_file_has_a_line_a_step() -> None:
    file = io.StringIO()
    bar = Bar(2, file)
    bar.step("elm")
    bar.step("oak")
    bar.close()
    assert file.getvalue() == "[1/2] elm\n[2/2] oak\n"
