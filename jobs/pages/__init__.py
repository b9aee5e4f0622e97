"""The dashboard: pages that parse, call one verb of services.py, and render."""
