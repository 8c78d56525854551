"""Play people at phone, browser, gate screen and office; imports the server, no other folder of the demo."""
