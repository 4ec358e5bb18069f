"""`manage.py activate_model NAME`: a shipped model orders the worklist from now on."""

from django.core.management.base import BaseCommand, CommandError

from ml import registry
from ml.card import CardError
from workers import dispatch, versions


class Command(BaseCommand):
    help = "Check a shipped model's weights and make it the active one; until it has screened, old scores order."

    def add_arguments(self, parser):
        parser.add_argument("name", help="a card's name in ml/weights, such as `default`")

    def handle(self, *, name, **_):
        try:
            version = versions.activate(registry.load_card(name))
        except (CardError, registry.WeightsMismatch) as error:
            raise CommandError(str(error)) from None
        dispatch.sweep_now()
        self.stdout.write(f"Active: {version}. Waiting studies are screened by it now.")
