"""Lading's settings and addresses."""

VERSION = "0.1.0"
