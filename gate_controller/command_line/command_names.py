"""Commands of server and gate as a person types them: those of a checkout, or those of a package.

A package's program sets the variables: there `menjin-server` and `menjin-gate` run each command as its user,
and the second adds the site file itself.
"""

import os

SERVER_VARIABLE, GATE_VARIABLE = "MENJIN_SERVER_COMMAND", "MENJIN_GATE_COMMAND"
HEAD_OFFICE_VARIABLE = "MENJIN_HEAD_OFFICE_COMMAND"
OF_PACKAGES = {
    SERVER_VARIABLE: "menjin-server",
    GATE_VARIABLE: "menjin-gate",
    HEAD_OFFICE_VARIABLE: "menjin-head-office",
}
SITE_FILE = "SITE.toml"


def is_packaged(variable: str) -> bool:
    """Return whether a package's program names the commands here."""
    return bool(os.environ.get(variable))


def server_program() -> str:
    """Return the name by which the server's commands are called here."""
    return os.environ.get(SERVER_VARIABLE) or "menjin web"


def gate_program() -> str:
    """Return the name by which a gate's commands are called here."""
    return os.environ.get(GATE_VARIABLE) or "menjin gate"


def server_command(words: str) -> str:
    """Return the line that runs a command of the server, such as `backup FILE`."""
    return f"{_sudo(SERVER_VARIABLE)}{server_program()} {words}"


def head_office_command(words: str) -> str:
    """Return the line that runs a command of the head office, such as `account NAME`."""
    program = os.environ.get(HEAD_OFFICE_VARIABLE) or "menjin head-office"
    return f"{_sudo(HEAD_OFFICE_VARIABLE)}{program} {words}"


def gate_command(word: str, *more: str) -> str:
    """Return the line that runs a command of a gate on its site file, such as `pair-reader` and a name."""
    site_file = () if is_packaged(GATE_VARIABLE) else (SITE_FILE,)
    return " ".join([f"{_sudo(GATE_VARIABLE)}{gate_program()}", word, *site_file, *more])


def _sudo(variable: str) -> str:
    return "sudo " if is_packaged(variable) else ""
