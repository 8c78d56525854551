"""The options of `menjin web init`, apart from what they do: for --help nothing is loaded."""

import argparse
from pathlib import Path

from gate_controller.contract.languages import LANGUAGES


def add_init(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> None:
    """Add the command; what no option says is asked for at a terminal."""
    add_answers(commands.add_parser("init", parents=[where], help="make keys, database and first account"))


def add_answers(init: argparse.ArgumentParser) -> None:
    """Add an option for each answer."""
    init.add_argument("--language", choices=LANGUAGES, help="of the compound's pages")
    init.add_argument("--timezone", help="of the compound, such as Asia/Shanghai")
    init.add_argument("--name", help="the compound's name, as residents know it")
    init.add_argument("--public-url", help="the address residents type, such as https://gate.example.org")
    init.add_argument(
        "--security-contact", metavar="ADDRESS", help="mailto:, https:// or tel: for who finds a weakness"
    )
    init.add_argument("--behind-proxy", action="store_true", help="a proxy on this machine ends TLS")
    init.add_argument("--brief", action="store_true", help="do not say what comes next")
    init.add_argument("--database-url", help="postgresql://… instead of a file in the data directory")
    init.add_argument(
        "--root-key", type=Path, metavar="FILE", help="where to write the root key, to be moved away"
    )
    init.add_argument(
        "--root-passphrase-file", type=Path, metavar="FILE", help="its first line protects the root key"
    )
    init.add_argument("--manager-email", help="who manages the compound")
    init.add_argument(
        "--manager-password-file", type=Path, metavar="FILE", help="its first line is the password"
    )
    init.add_argument(
        "--manager-totp-file",
        type=Path,
        metavar="FILE",
        help="base32 secret of the authenticator; without it the first sign-in sets it up",
    )
