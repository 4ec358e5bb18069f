"""What a first start needs: the shipped model, a site, somebody who can log in. A later start finds it there."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from deploy.local import logins
from ml.data import DataError
from screening.models import Role, Site, User
from webportal import administration, demo
from workers import broker, promoting, versions

# One login a role for a first look; a real department begins with an administrator, who creates the others.
FIRST_LOOK = (Role.TECHNOLOGIST, Role.RADIOLOGIST, Role.ADMINISTRATOR)


class Command(BaseCommand):
    help = "Register the shipped model, and make a first site, logins and sample studies where there are none."

    def handle(self, *, verbosity=1, **_):
        """Silent unless asked with --verbosity 2."""
        if policy := broker.evicts():
            raise CommandError(
                f"Redis would drop rings that wait once it is full (maxmemory-policy {policy}), and films would wait "
                "for the sweep. Set maxmemory-policy noeviction there, and start again."
            )
        try:
            active = promoting.register_shipped()
        except (DataError, versions.Refused) as error:
            raise CommandError(str(error)) from None
        made = [demo.make()]
        made += [create_site(), *create_logins()]
        if verbosity > 1:
            self.stdout.write(
                f"Active model: {active or 'none'}. New: {', '.join(map(str, filter(None, made))) or '-'}."
            )


def create_site():
    """The first site, where the only ones are the demo's; None where there is one."""
    if Site.objects.filter(demo=False).exists():
        return None
    site = Site(code="main", name="Main site")
    administration.save_site(site)
    return site


@transaction.atomic
def create_logins():
    """The first users, where there is none; their random passwords lie in VAR/logins.json, for its owner alone."""
    if User.objects.exists():
        return []
    roles = FIRST_LOOK if settings.DEMO else (Role.ADMINISTRATOR,)
    made = []
    for role in roles:
        sites = [] if role == Role.ADMINISTRATOR else list(Site.objects.all())
        user = User(username=role.value)
        password = administration.create_user(user, [role], sites)
        made.append({"user": user.username, "password": password, "role": role.value})
    # Inside the transaction: a login whose password is written nowhere would be of no use.
    logins.write(settings.VAR, portal=made)
    return [login["user"] for login in made]
