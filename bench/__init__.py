"""Benchmarks of Lading against other tools, on loopback; bench/README.md says how to read them."""
