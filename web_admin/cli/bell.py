"""`menjin web bell`: print the compound's account at a broker, write the broker's file."""

import argparse
import re

from gate_controller.broker.line import address_of
from gate_controller.command_line.command_names import server_command
from gate_controller.contract.bell import account_of
from web_admin.cli.answers import CommandRefused, clock
from web_admin.cli.data_dir import config_of
from web_admin.core.bell import account_key
from web_admin.core.named_faults import naming
from web_admin.operations.broker_config import BrokerSettings, broker_config

_ACCOUNT = re.compile(r"A[A-Z2-7]{55}")


def bell(arguments: argparse.Namespace) -> str:
    """Do what was asked for; nothing here changes the server."""
    own = account_of(account_key(config_of(arguments).seal_key))
    return f"{own}\n" if arguments.kind == "account" else _write_config(arguments, own)


def _write_config(arguments: argparse.Namespace, own: str) -> str:
    for account in arguments.account:
        if not _ACCOUNT.fullmatch(account):
            printed = server_command("bell account")
            raise CommandRefused(f"{account} is no account: '{printed}' there prints it")
    places = [arguments.listen, *arguments.cluster]
    for place in [*places, arguments.cluster_listen] if arguments.cluster else places:
        try:
            address_of(place)
        except ValueError as err:
            raise CommandRefused(str(err)) from err
    if arguments.cluster and not arguments.ca:
        raise CommandRefused("--cluster needs --ca: brokers show each other certificates of that authority")
    settings = BrokerSettings(
        listen=arguments.listen,
        certificate=arguments.certificate,
        key=arguments.key,
        accounts=list(dict.fromkeys([own, *arguments.account])),
        cluster_listen=arguments.cluster_listen if arguments.cluster else "",
        cluster=arguments.cluster,
        cluster_ca=arguments.ca or "",
    )
    with naming(arguments.file):
        arguments.file.write_text(broker_config(settings, clock()), encoding="utf-8")
    machines = "each machine of the cluster" if arguments.cluster else "the broker's machine"
    return (
        f"{arguments.file}: for {len(settings.accounts)} compound(s). It holds no secret. On {machines}:\n"
        f"  nats-server -c {arguments.file.name}\n"
        'Then name the broker in web.toml, such as bell_servers = "bell.example.org:4222", and start the '
        "server again.\n"
    )
