"""The REST API: an application for any ASGI server (https://asgi.readthedocs.io/en/stable/specs/main.html)."""
