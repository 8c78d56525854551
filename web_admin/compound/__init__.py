"""Define the tables that every subject points at, the site's keys, its days and age bands.

Imports only core.
"""
