"""Confirm twice a year who should still have what, and sign the result; imports people and below.

The office, and each home for its helpers and children, keeps, suspends or asks. A missing answer suspends
no person: the row comes first in the next review. Outside of this folder a review has its pages of the same
name, `menjin audit access-review`, and a line in each table of subjects: nothing else needs it.
"""
