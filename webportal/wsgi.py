"""The door for gunicorn."""

import os

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from screening import away

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webportal.settings")


class Request(WSGIRequest):
    def _set_content_type_params(self, meta):
        """A Content-Type that cannot be read would end in gunicorn as a 500; so `webportal.bounds` refuses it."""
        try:
            super()._set_content_type_params(meta)
        except (ValueError, LookupError):
            self.content_type, self.content_params = "", {"charset": "unreadable"}


class Handler(WSGIHandler):
    request_class = Request


django.setup(set_prefix=False)
away.bound_sessions()
application = Handler()
