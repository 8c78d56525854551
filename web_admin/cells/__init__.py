"""Serve an installation: many compounds, a folder, host name and app for each, or one; threads for all.

Imports the assembled site; only the listening server and the commands import it.
"""
