"""Set the site's name, look and mail server; imports messages and below."""
