"""Define what every action is: who does it, how it is refused, recorded and published.

Imports the journal and below.
"""
