"""Act for people: phone, browser, gate screen, office."""
