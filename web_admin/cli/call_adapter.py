"""`menjin web call-adapter check`: try an installed call adapter; no compound is read or changed."""

import argparse

from gate_controller.contract.languages import LANGUAGES
from web_admin.calls.pushes import RINGS_TEXT
from web_admin.cli.answers import CommandRefused, clock
from web_admin.messages.adapter_check import check_adapter
from web_admin.messages.call_adapters import installed_adapters
from web_admin.messages.subscriptions import catalogue_of


def call_adapter(arguments: argparse.Namespace) -> str:
    """Print what the adapter did; raise CommandRefused with what fails."""
    sentences = {language: catalogue_of(language).ugettext(RINGS_TEXT) for language in LANGUAGES}
    done, failures = check_adapter(
        installed_adapters(), arguments.name, arguments.address, sentences, clock()
    )
    if failures:
        raise CommandRefused("\n".join((*done, *(f"FAILS: {failure}" for failure in failures))))
    lines = [*done, f"{arguments.name} keeps the contract. It rings once web.toml has it in call_adapters."]
    return "".join(f"{line}\n" for line in lines)
