"""What is killed in a failover: each ends one part at once and brings it back."""

import time
from collections.abc import Callable

from tests.failover.cluster import PATIENCE_SECONDS
from tests.failover.protocol import ACTS_AFTER, ACTS_BEFORE, Protocol
from tests.support.gates.waiting import until

HELD_SECONDS = 4.0
"""For so long nothing reaches the standby before its primary is lost: what is acknowledged then is lost."""


def kill_web(protocol: Protocol) -> None:
    """Kill one web machine, and start it again once the others have gone on."""
    protocol.made.web[0].kill()
    protocol.goes_on(ACTS_AFTER)
    protocol.made.web[0].start()


def kill_standby(protocol: Protocol) -> None:
    """Kill the standby, and start it again."""
    _kill_node(protocol, protocol.made.cluster.standby_role)


def kill_primary(protocol: Protocol) -> None:
    """Kill the primary while its log is held up on the way, and start it again as what it is then."""
    node = protocol.made.cluster.in_role("leader")
    node.holds_back_log()
    time.sleep(HELD_SECONDS)
    _kill_node(protocol, "leader")


def kill_proxy(protocol: Protocol) -> None:
    """Kill the proxy, and start it again as its unit does."""
    protocol.made.kill_proxy()
    protocol.made.start_proxy()


def kill_broker(protocol: Protocol) -> None:
    """Kill the broker, let gates do without for a while, and start it again."""
    broker = protocol.made.broker
    assert broker is not None

    def take(what: str, is_so: Callable[[], bool]) -> None:
        began = time.monotonic()
        until(is_so, lambda: what, patience=PATIENCE_SECONDS)
        protocol.bells[what] = round(time.monotonic() - began, 1)

    broker.kill()
    take("until no bell is heard", lambda: not any(gate.bell.is_heard for gate in protocol.hearing))
    protocol.goes_on(ACTS_AFTER)
    wanted = protocol.published()
    take(
        "until what was published without it is at every gate",
        lambda: all(gate.version >= wanted[gate.gate_id] for gate in protocol.hearing),
    )
    broker.start()
    take("until every bell is heard again", lambda: all(gate.bell.is_heard for gate in protocol.hearing))


def restart_one_after_another(protocol: Protocol) -> None:
    """Restart each web machine, the next one when the one before is ready."""
    for machine in protocol.made.web:
        machine.restart()
        protocol.goes_on(ACTS_BEFORE)


def _kill_node(protocol: Protocol, role: str) -> None:
    cluster = protocol.made.cluster
    node = cluster.in_role(role)
    node.kill()
    protocol.goes_on(ACTS_BEFORE)
    node.start()
    cluster.wait_until_whole()


KILLS: dict[str, Callable[[Protocol], None]] = {
    "a web machine is killed": kill_web,
    "the standby is killed": kill_standby,
    "the proxy is killed": kill_proxy,
    "the broker is killed": kill_broker,
    "the primary is killed": kill_primary,
    "web machines are restarted": restart_one_after_another,
}
