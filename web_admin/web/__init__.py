"""Share between pages what all of them need: context, forms, sign-in, desk session, times, pictures.

No subject imports it.
"""
