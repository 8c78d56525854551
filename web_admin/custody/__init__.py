"""Keep the server's half of a face: shares, leases, receipts, certificates of forgetting.

Imports actions and below.
"""
