"""Print what an installation needs, and the table of docs/fleet.md: `python -m tests.growing`."""

from tests.growing.table import breaks_lines, grown_lines

for line in (*grown_lines(), "", *breaks_lines()):
    print(line)
