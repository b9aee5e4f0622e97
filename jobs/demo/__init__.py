"""The demo: a store of its own, two thousand objects, three jobs, and a check of every key.

objects.py names the keys, store.py starts the store, filling.py fills it, plan.py says what the
jobs shall do, reading.py reads the store back, checking.py reads the database and the reports;
show.py puts them in order and terminal.py shows how far it is.
"""
