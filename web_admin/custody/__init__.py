"""Keep the server's half of a face: shares, leases, receipts, deletion certificates.

Imports actions and below.
"""
