"""`manage.py prepare`: what a start needs done, in one process because each of its own would cost a second."""

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Migrates the database, makes what the first start makes, and collects the static files; does no harm twice."
    requires_system_checks = ()

    def handle(self, **options):
        call_command("migrate", interactive=False, verbosity=0)
        call_command("bootstrap")
        call_command("collectstatic", interactive=False, verbosity=0)
