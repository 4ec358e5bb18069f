from django.apps import AppConfig


class WebportalConfig(AppConfig):
    name = "webportal"

    def ready(self):
        from webportal import idle  # noqa: F401 (it listens for logins)
