"""Write what a broker of NATS needs to send wake-ups: its accounts, its limits, TLS, no JetStream.

Each compound has an account of its own, and its server signs passes for its gates without the broker. The
keys that sign the accounts are made here and thrown away: the file has all that they ever sign, and another
account is another file. It holds no secret; the key of the certificate is named by its path.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.command_line.command_names import server_command
from gate_controller.contract.bell import UNLIMITED, claims, nkey, signed_token
from gate_controller.contract.signing import public_bytes

SYSTEM_EVENTS, SYSTEM_QUESTIONS = "$SYS.ACCOUNT.*.>", "$SYS.REQ.ACCOUNT.*.*"


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    listen: str
    certificate: str
    key: str
    accounts: Sequence[str]
    """Of each compound, as `menjin web bell account` prints it."""
    cluster_listen: str = ""
    """Where the other brokers of a cluster connect; empty: it is alone."""
    cluster: Sequence[str] = ()
    """All brokers of the cluster, this one among them."""
    cluster_ca: str = ""
    """File of the authority whose certificates the brokers of a cluster take from each other."""


def broker_config(settings: BrokerSettings, now: datetime) -> str:
    """Return the file for `nats-server -c`, the same at every broker of a cluster."""
    operator, system = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    issued_at = int(now.timestamp())
    system_name = nkey("account", public_bytes(system))
    issuer = nkey("operator", public_bytes(operator))

    def signed(subject: str, name: str, of_nats: dict[str, object]) -> str:
        said = claims(issuer, subject, name, issued_at, {**of_nats, "version": 2})
        return signed_token(operator, said)

    accounts = {system_name: signed(system_name, "SYS", _system())}
    for account in settings.accounts:
        accounts[account] = signed(account, "compound", _compound(account, system_name))
    preload = "".join(f"  {name}: {jwt}\n" for name, jwt in accounts.items())
    return f"""\
# Written by `{server_command("bell config")}`: it rings bells of gates and does nothing else.
listen: {_text(settings.listen)}
tls {{
  cert_file: {_text(settings.certificate)}
  key_file: {_text(settings.key)}
  handshake_first: true
}}
{_cluster(settings)}
# Gates that hang are found within a minute; no gate sends more than a line.
ping_interval: "20s"
ping_max: 2
write_deadline: "2s"
max_control_line: 4KB
max_payload: 64KB
max_pending: 1MB

# JetStream stays off: there is no block of it.
operator: {signed(issuer, "menjin", {"type": "operator"})}
system_account: {system_name}
resolver: MEMORY
resolver_preload: {{
{preload}}}
"""


def _cluster(settings: BrokerSettings) -> str:
    if not settings.cluster_listen:
        return ""
    routes = ", ".join(_text(f"tls://{one}") for one in settings.cluster)
    return f"""
cluster {{
  name: bells
  listen: {_text(settings.cluster_listen)}
  no_advertise: true
  routes: [{routes}]
  tls {{
    cert_file: {_text(settings.certificate)}
    key_file: {_text(settings.key)}
    ca_file: {_text(settings.cluster_ca)}
    verify: true
  }}
}}
"""


def _system() -> dict[str, object]:
    """Let each account hear its own connections come and go, and no other's."""
    return {
        "type": "account",
        "limits": _limits(payload=UNLIMITED),
        "default_permissions": {"pub": {}, "sub": {}},
        "exports": [
            {"name": "events", "subject": SYSTEM_EVENTS, "type": "stream", "account_token_position": 3},
            {
                "name": "questions",
                "subject": SYSTEM_QUESTIONS,
                "type": "service",
                "response_type": "Stream",
                "account_token_position": 4,
            },
        ],
    }


def _compound(account: str, system: str) -> dict[str, object]:
    return {
        "type": "account",
        "limits": _limits(payload=0),
        "default_permissions": {"pub": {"deny": [">"]}, "sub": {"deny": [">"]}},
        "imports": [
            {
                "name": "connections",
                "account": system,
                "type": "stream",
                "subject": SYSTEM_EVENTS.replace("*", account),
            },
            {
                "name": "who is connected",
                "account": system,
                "type": "service",
                "subject": f"$SYS.REQ.ACCOUNT.{account}.CONNZ",
            },
        ],
    }


def _limits(*, payload: int) -> dict[str, object]:
    return {
        "subs": UNLIMITED,
        "data": UNLIMITED,
        "payload": payload,
        "imports": UNLIMITED,
        "exports": UNLIMITED,
        "wildcards": True,
        "conn": UNLIMITED,
        "leaf": 0,
    }


def _text(value: str) -> str:
    return json.dumps(value)
