"""Keep what knows no compound and no person: settings, database, column types, sealing, limits,
spreadsheets.
"""
