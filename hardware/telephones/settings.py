"""Read the settings of baresip, and find those by which it would call in the clear or obey others.

The program says none of it: what it cannot do it leaves out, and calls all the same.

Source: baresip 1.1.0, `src/account.c`, `src/config.c`, `modules/ctrl_tcp`, and trials of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MODULES = {
    "srtp": "srtp.so",
    "srtp-mand": "srtp.so",
    "srtp-mandf": "srtp.so",
    "dtls_srtp": "dtls_srtp.so",
}
"""Module of each encryption that the gate knows."""
ACCOUNT = "account.so"
PARAMETER = re.compile(r';([^;=<>"\s]+)=("[^"]*"|[^;<>"\s]*)')


@dataclass(frozen=True, slots=True)
class SettingsFault:
    """A fault and its remedy; `is_refused` where calls would be less safe than the settings say."""

    text: str
    is_refused: bool


def find_faults(config: str, accounts: str) -> Iterator[SettingsFault]:
    """Yield what is wrong with the files `config` and `accounts`."""
    values = [line.split(None, 1) for line in _lines(config)]
    modules = [value[1].strip() for value in values if value[0] == "module" and len(value) > 1]
    first = {value[0]: value[1].strip() for value in reversed(values) if len(value) > 1}
    if not first.get("ctrl_tcp_listen", "").startswith("127.0.0.1:"):
        yield _refused("config: ctrl_tcp_listen is not at 127.0.0.1, so that others of the network can call")
    lines = list(_lines(accounts))
    if not lines:
        yield _refused(
            "accounts: there is no account, so that no one can be called; docs/calls.md has the line"
        )
    for line in lines:
        yield from _faults_of(line, first, modules)


def _faults_of(account: str, config: dict[str, str], modules: list[str]) -> Iterator[SettingsFault]:
    address, _, rest = account.partition(">")
    own = dict(reversed(PARAMETER.findall(rest)))
    encryption, way = own.get("mediaenc", ""), dict(PARAMETER.findall(address)).get("transport", "")
    if encryption and encryption not in MODULES:
        known = ", ".join(sorted(MODULES))
        yield _refused(f"accounts: mediaenc={encryption} is none that the program has; there are {known}")
    elif encryption:
        yield from _order_faults(MODULES[encryption], encryption, modules)
    if encryption not in {"srtp-mand", "srtp-mandf", "dtls_srtp"} or way != "tls":
        yield SettingsFault(
            "accounts: without transport=tls and mediaenc=srtp-mand or dtls_srtp any machine of the network "
            "could press keys, so that keys of telephones open and prove nothing",
            is_refused=False,
        )
    if way == "tls" and config.get("sip_verify_server") != "yes":
        yield _refused("config: TLS asks no one who they are without `sip_verify_server yes`")
    for name, value in own.items():
        if way == "tls" and name.startswith("outbound") and "transport=tls" not in value:
            yield _refused(f"accounts: {name} leads calls around TLS; add ;transport=tls to it")
    if encryption == "dtls_srtp" and config.get("jitter_buffer_type") == "adaptive":
        yield _refused(
            "config: jitter_buffer_type adaptive keeps keys that came before the encryption; leave it out"
        )


def _order_faults(module: str, encryption: str, modules: list[str]) -> Iterator[SettingsFault]:
    if module not in modules:
        yield _refused(
            f"config: mediaenc={encryption} of accounts needs `module {module}` before `module {ACCOUNT}`"
        )
    elif ACCOUNT in modules and modules.index(module) > modules.index(ACCOUNT):
        yield _refused(
            f"config: `module {module}` comes after `module {ACCOUNT}`, which then leaves out "
            f"mediaenc={encryption} in silence; put it before"
        )


def _refused(text: str) -> SettingsFault:
    return SettingsFault(text, is_refused=True)


def _lines(text: str) -> Iterator[str]:
    return (line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#"))
