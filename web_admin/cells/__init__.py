"""Serve many compounds of one installation: a folder, a host name and an app for each, threads for all.

Imports the assembled site; only the listening server and the commands import it.
"""
