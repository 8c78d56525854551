"""Define settings, database, column types, sealing, limits and spreadsheets, without compound or person.

Imports no other folder of the server.
"""
