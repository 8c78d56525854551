"""Write the server's own chained ledger and define the table of gates' journals.

Imports core and compound.
"""
