"""The chaos suite: real processes are killed, frozen and starved while jobs run, and every promise
is checked afterwards. `make chaos ARGS="--seconds 60 --seed 7"`; docs/durability.md.
"""
