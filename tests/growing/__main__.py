"""Print what an installation needs, and what is full first: `python -m tests.growing`."""

from tests.growing.table import breaks_lines, grown_lines

for line in (*grown_lines(), "", *breaks_lines()):
    print(line)
