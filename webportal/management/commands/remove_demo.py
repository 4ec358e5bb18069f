"""`manage.py remove_demo`: the Demo site goes, with its phantoms, reads and files, and does not come back."""

from django.core.management.base import BaseCommand, CommandError

from webportal import demo


class Command(BaseCommand):
    help = "Remove the Demo site with its synthetic studies, their reads and their files."

    def handle(self, **_):
        try:
            count = demo.remove()
        except demo.NotSynthetic:
            raise CommandError(
                "The Demo site holds a study that is no phantom; nothing was removed. Withdraw it and ask who sent it."
            ) from None
        self.stdout.write(
            f"Removed the Demo site with {count} synthetic studies." if count else "There is no Demo site."
        )
