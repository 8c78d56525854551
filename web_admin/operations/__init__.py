"""Run the server: backup, health, housekeeping, jobs, schema, audit check.

Imports every subject, never a page.
"""
