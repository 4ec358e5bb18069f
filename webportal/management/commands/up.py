"""`manage.py up`: the whole of FirstRead on this machine, until Ctrl-C."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from deploy.local import CannotStart
from deploy.local.commands import plan
from deploy.local.supervisor import run


class Command(BaseCommand):
    help = "Starts PostgreSQL, Redis, the portal, the workers, beat and Flower on this machine, until Ctrl-C."
    requires_system_checks = ()  # they want a database, and this is what starts it

    def handle(self, **options):
        flower_port = urlsplit(settings.FLOWER_URL).port or 5555
        try:
            run(plan(settings.ROOT, settings.VAR, settings.PORT, flower_port, settings.WATCH))
        except CannotStart as error:
            raise CommandError(str(error)) from None
