"""Answer rights requests; keep disclosures, incidents, the public report, retention.

Imports subjects, never a page.
"""
