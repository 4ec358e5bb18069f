"""`manage.py user ...`: what the page "Users" does, on the machine itself; also the way back in after a lock-out."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from screening.models import Role, Site, User
from webportal import administration


class Command(BaseCommand):
    help = "List, create, change, deactivate and activate users. Every act is an event of the history."

    def add_arguments(self, parser):
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="every user with roles and sites")
        _access(_named(acts, "create", "a new user; prints the random first password, once"))
        _access(_named(acts, "access", "these roles and sites, instead of the ones held"))
        _named(acts, "password", "a new random password, printed once; ends every session and lifts a lock")
        _named(acts, "deactivate", "no more logins; every session and token ends at once")
        _named(acts, "activate", "logins work again, with the old password")

    def handle(self, *, act, **options):
        try:
            getattr(self, act)(**options)
        except administration.Refused as refused:
            raise CommandError(refused.sentence) from None
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None

    def list(self, **_):
        for user in User.objects.prefetch_related("sites"):
            sites = ", ".join(site.code for site in user.sites.all())
            state = "" if user.is_active else "  (deactivated)"
            self.stdout.write(f"{user.username}  {', '.join(user.roles) or 'no role'}  at {sites or 'no site'}{state}")

    def create(self, *, name, role, site, **_):
        password = administration.create_user(User(username=name), role, _sites(site))
        self.stdout.write(f"{name} is created. Password, shown once: {password}")

    def access(self, *, name, role, site, **_):
        administration.set_access(_user(name), role, _sites(site))

    def password(self, *, name, **_):
        self.stdout.write(f"New password of {name}, shown once: {administration.reset_password(_user(name))}")

    def deactivate(self, *, name, **_):
        administration.deactivate(_user(name))

    def activate(self, *, name, **_):
        administration.activate(_user(name))


def _named(acts, act, words):
    parser = acts.add_parser(act, help=words)
    parser.add_argument("name", help="the name to log in with")
    return parser


def _access(parser):
    parser.add_argument("--role", action="append", default=[], choices=Role.values, help="again for each role")
    parser.add_argument("--site", action="append", default=[], metavar="CODE", help="again for each site")


def _user(name):
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"There is no user {name}; `manage.py user list` names them all.")
    return user


def _sites(codes):
    found = list(Site.objects.filter(code__in=codes))
    if unknown := set(codes) - {site.code for site in found}:
        raise CommandError(f"There is no site {', '.join(sorted(unknown))}; `manage.py site list` names them all.")
    return found
