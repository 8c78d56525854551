"""Whatever is killed, nothing that was acknowledged is lost and no withdrawn consent is back."""

from pathlib import Path

import pytest

from tests.failover.__main__ import play
from tests.failover.cluster import running_cluster, what_is_missing
from tests.failover.kills import KILLS
from tests.failover.protocol import table, under_load
from tests.support.gates.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(what_is_missing()), reason=what_is_missing())]


def test_nothing_acknowledged_is_lost_whatever_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_cluster() as cluster, under_load(cluster, tmp_path, 2 * len(KILLS)) as protocol:
        play(protocol)
        protocol.load.end()
        found = protocol.findings()
        protocol.certificates()
        until(lambda: all(gate.bell.is_heard for gate in protocol.hearing))
    with capsys.disabled():
        print("\n" + "\n".join(table(protocol.phases)))
    assert found.are_none, found
    restarts = [act for act in protocol.phases[-1].acts if act.kind == "gate asks" and act.failures]
    assert restarts == [], "no ask fails while web machines are restarted one after another"


def test_an_asynchronous_standby_loses_what_was_acknowledged_and_this_is_noticed(tmp_path: Path) -> None:
    with running_cluster() as cluster, under_load(cluster, tmp_path, 2) as protocol:
        cluster.becomes_asynchronous()
        play(protocol, "primary")
        protocol.load.end()
        assert protocol.findings().events_lost
