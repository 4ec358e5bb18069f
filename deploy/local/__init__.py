"""The embedded services: real PostgreSQL and Redis from wheels, under one folder, with nothing to install or configure.

Nothing here knows Django. `manage.py up` and the tests are the two users of `stores.running`.
"""


class CannotStart(Exception):
    """A service cannot start; the message is a sentence for the person who asked, and says what to do."""
