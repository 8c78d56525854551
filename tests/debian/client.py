"""A client on the machine: it asks without a pause, on a new connection each time, and never twice."""

import shlex

from tests.debian.machine import Machine

ASKS = """
: > /root/{name}.asked
while [ ! -e /root/{name}.stop ]; do
    curl --silent --output /dev/null --max-time 600 {words} \\
        --write-out '%{{http_code}} %{{exitcode}} %{{time_total}}\\n' >> /root/{name}.asked
done
touch /root/{name}.ended
"""
LEAST = 10


class Client:
    """It has asked some times when it is made."""

    def __init__(self, machine: Machine, name: str, words: str) -> None:
        """Ask with these words of curl."""
        self._machine, self._name = machine, name
        script = ASKS.format(name=name, words=words)
        machine.run(f"systemd-run --quiet --unit=client-{name} /bin/bash -c {shlex.quote(script)}")
        self._asks_more()

    def _asks_more(self) -> None:
        count = f"$(wc -l < /root/{self._name}.asked)"
        self._machine.run(
            f"until [ -s /root/{self._name}.asked ]; do sleep 0.1; done; goal=$(({count} + {LEAST}));"
            f" until [ {count} -ge $goal ]; do sleep 0.1; done"
        )

    def failures(self) -> list[str]:
        """Let it ask some times more, end it, and return what was not answered as it should be."""
        self._asks_more()
        name = self._name
        self._machine.run(f"touch /root/{name}.stop; until [ -e /root/{name}.ended ]; do sleep 0.1; done")
        lines = self._machine.run(f"cat /root/{name}.asked").stdout.splitlines()
        longest = max(float(line.split()[2]) for line in lines)
        wrong = [line for line in lines if not line.startswith("200 0 ")]
        self._machine.said.append(f"{name}: {len(lines)} asked, {len(wrong)} failed, longest {longest:.1f} s")
        return wrong
