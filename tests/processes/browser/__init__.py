"""People at work: a real browser, web server, engine and store."""
