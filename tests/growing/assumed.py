"""What the simulation assumes of compounds and of a day, and the limits that other people's programs set.

None of it is measured here. All compounds live by one clock, as in China, so the rush is everywhere at once.
"""

import math

# -- a compound ----------------------------------------------------------------------------------
PEOPLE_OF_A_CELL = 2_000
"""On average; the sizes differ as `people_of` draws them."""
SPREAD_OF_SIZES = 0.6
"""Of the logarithm of a compound's people: one of twenty has 2.7 times the middle one."""
PASSAGES_OF_A_PERSON = 6.0
"""A day: out and in one and a half times, by the stairs' door and the compound's gate."""
PAGES_OF_A_PERSON, PAGES_OF_AN_OFFICE = 0.2, 300.0
"""A day: residents' phones, and the office's and the desk's browsers."""
ACTS_OF_A_CELL = 20.0
"""Publications a day."""
SHIFT_MINUTES = (-45, -30, -15, 0, 15, 30, 45)
"""By how much compounds live earlier or later than the middle."""

# -- a day -----------------------------------------------------------------------------------------
RUSHES = ((7.75, 0.75, 0.30), (12.0, 1.0, 0.18), (18.5, 1.25, 0.37), (14.0, 4.0, 0.15))
"""When (hour), how wide (hours), and what share of a day's passages."""
BACKUPS_BEGIN, NIGHT_ENDS = 2.67, 6.0
BROKER_RESTARTS, UPGRADE_BEGINS, MACHINE_LOST, PROXY_LOST = 10.0, 14.0, 18.5, 20.5
MACHINE_AWAY_SECONDS = 600
UPGRADE_SECONDS_BETWEEN_MACHINES, MACHINES_AT_ONCE = 60, 10
"""A canary, then ten machines together, each once the ones before are back."""
RESTART_SECONDS = 5

# -- machines ----------------------------------------------------------------------------------------
CORES, MEMORY_GIB, DISK_TB = 8, 32, 4.0
FULL = 0.6
"""What share of a core or machine is used in the busiest minute of an ordinary day."""
FULL_MEMORY = 0.75
PROCESSES_OF_A_MACHINE = CORES - 1
"""One core is left for backups and the system."""
CONNECTIONS_OF_POSTGRES = 2_000
"""A round number that one machine is known to carry; each is a process with memory of its own."""
DATABASES_OF_POSTGRES = 600
"""autovacuum starts one worker in 0.1 s at most, and wants to look at each database once a minute."""
DEBIANS_CONNECTIONS = 100
"""`max_connections` as Debian sets it."""
OPEN_FILES = 30_000
"""LimitNOFILE of deploy/menjin-web-cells.conf, for connections of gates, databases and locks of cells."""
CERTIFICATES_A_WEEK = 50
"""New ones of one registered domain, by Let's Encrypt; renewals do not count."""
DAYS_OF_A_CERTIFICATE = 60
"""When Caddy renews it."""
HEAD_OFFICE_SECONDS = 60
"""How often each compound is asked: the default of head_office.toml."""


def share_of_day(hour: float) -> float:
    """Return the passages of an hour that begins here, as a share of a day's."""
    return sum(
        share
        / (width * math.sqrt(2 * math.pi))
        * math.exp(-((((hour - at + 12) % 24 - 12) / width) ** 2) / 2)
        for at, width, share in RUSHES
    )
