from django.apps import AppConfig


class WebportalConfig(AppConfig):
    name = "webportal"
