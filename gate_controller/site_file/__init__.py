"""Read the site file: its tables, legal values and sentences.

Imports only the contract and drivers' settings.
"""
