"""Keep one order of locks: the site before its gates, so that no two transactions wait for each other.

An act locks the site, and changes rows of gates at its end. What a gate sends mostly changes that gate's own
rows: it locks the gate alone, and gates do not wait for one another. What needs more shows while it is worked
out: that transaction ends, and the request begins again with the site locked first.

So code that locks a site, or changes a row that acts change under its lock, looks for GATE_ALONE in its
session's `info` before.
"""

GATE_ALONE = "menjin_gate_alone"
"""In a session's `info` while its transaction has locked a gate and not its site."""


class SiteFirst(Exception):
    """A transaction locked a gate and needs its site: end it, and lock the site before the gate."""
