"""moto's S3 as a WSGI application.

Without moto's dispatcher to its other services it serves half as much again.
"""

from moto.moto_server.werkzeug_app import create_backend_app

application = create_backend_app("s3")
