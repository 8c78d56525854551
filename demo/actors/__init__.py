"""Act at people's ends: phone, browser, gate screen, office."""
