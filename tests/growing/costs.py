"""What the real parts cost, as `menjin bench costs` measured it.

On two cores that other work shared, 28 November 2026, with PostgreSQL 18, NATS 2.15.1 and Caddy 2.6:
processor time of all threads, memory with shared pages counted in parts, bytes. Run it again after a change
that makes something dearer or cheaper, put its figures here.
"""

# -- one compound that is open in a process of the server, with nothing to do
DATABASE_OF_A_CELL_MIB = 10.8
OPEN_CELL_WEB_MS = 30.6
OPEN_CELL_MEMORY_WEB_MIB = 0.854
OPEN_CELL_AT_REST_WEB_MS = 3.53  # a second
OPEN_CELL_AT_REST_POSTGRES_MS = 0.865  # a second
HOUSEKEEPING_WEB_MS = 73.4
HOUSEKEEPING_POSTGRES_MS = 31.0
OPEN_CELL_CONNECTIONS = 2.0
CONNECTION_MEMORY_POSTGRES_MIB = 3.91

# -- a gate's question: with nothing new, and with something new at the gate, which is worked out in full
ASK_UNCHANGED_WEB_MS = 3.62
ASK_UNCHANGED_POSTGRES_MS = 0.911
ASK_UNCHANGED_LOG_BYTES = 272
ASK_WITH_NEWS_WEB_MS = 11.6
ASK_WITH_NEWS_POSTGRES_MS = 3.58
ASK_WITH_NEWS_LOG_BYTES = 694

# -- a plain page; one card more in a compound, with its publication
PAGE_WEB_MS = 11.1
PAGE_POSTGRES_MS = 2.55
PUBLICATION_WEB_MS = 39.4
PUBLICATION_POSTGRES_MS = 67.0

# -- a gate at the broker
BELL_CONNECTS_BROKER_MS = 2.83
BELL_MEMORY_BROKER_KIB = 66.5
BELL_RINGS_BROKER_MS = 0.333

# -- a request with one entry, each entry more in it, and what stays of an entry
REQUEST_OF_ONE_ENTRY_WEB_MS = 11.2
REQUEST_OF_ONE_ENTRY_POSTGRES_MS = 3.57
REQUEST_OF_ONE_ENTRY_LOG_BYTES = 2670
FURTHER_ENTRY_WEB_MS = 0.0389
FURTHER_ENTRY_POSTGRES_MS = 0.0361
FURTHER_ENTRY_LOG_BYTES = 1140
ENTRY_STORED_BYTES = 1010

# -- `menjin web backup`: one compound, and each thousand entries in it
BACKUP_COMMAND_S = 2.91
BACKUP_COMMAND_POSTGRES_S = 0.1
BACKUP_SIZE_KIB = 18.8
BACKUP_THOUSAND_ENTRIES_S = 0.0238
BACKUP_THOUSAND_ENTRIES_POSTGRES_S = 0.0012
BACKUP_ENTRY_SIZE_BYTES = 97.9

# -- caddy: a connection with TLS, what it keeps of it, and a request
TLS_CONNECTS_PROXY_MS = 0.733
TLS_MEMORY_PROXY_KIB = 39.2
REQUEST_PROXY_MS = 0.59

# -- a head office that asks a compound how it is
HEAD_OFFICE_ASKS_MS = 2.8
OVERVIEW_WEB_MS = 21.4
OVERVIEW_POSTGRES_MS = 5.55

# -- what the program itself says
SECONDS_WITH_BELL = 57.0
"""Between two questions of a gate that hears its bell: `gate_controller/sync/pace.py`, docs/bell.md."""
SECONDS_WITHOUT_BELL = 2.0
NEWS_OF_A_PASSAGE = 2.0
"""Questions with news: a door opened, and it shut."""
HOUSEKEEPING_SECONDS = 600.0
"""`web_admin/operations/housekeeping.py`."""
