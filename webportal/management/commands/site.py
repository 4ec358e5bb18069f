"""`manage.py site ...`: what the page "Sites" does, on the machine itself."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from screening.models import Site
from screening.models.people import Policy
from webportal import administration

NUMBERS = {"cap_stat": int, "cap_urgent": int, "cap_routine": int, "prevalence": float}


class Command(BaseCommand):
    help = "List, create and change sites. Every act is an event of the history."

    def add_arguments(self, parser):
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="every site with its order and limits")
        for act, words in (("create", "a new site"), ("change", "other settings for a site")):
            _settings(acts.add_parser(act, help=words), required=act == "create")

    def handle(self, *, act, **options):
        if act == "list":
            for site in Site.objects.all():
                caps = f"{site.cap_stat}/{site.cap_urgent}/{site.cap_routine} min"
                self.stdout.write(f"{site.code}  {site.name}  {site.policy}  {caps}  prevalence {site.prevalence}")
            return
        site = _site(options["code"], new=act == "create")
        for name in ("name", "policy", *NUMBERS):
            if options[name] is not None:
                setattr(site, name, options[name])
        try:
            administration.save_site(site)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None


def _settings(parser, required):
    parser.add_argument("code", help="the short name that commands and the API use")
    parser.add_argument("--name", required=required)
    parser.add_argument("--policy", choices=Policy.values, help="the order inside a class")
    for name, kind in NUMBERS.items():
        words = "share of studies with pneumonia, 0 to 1" if kind is float else "limit of the class, in minutes"
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=words)


def _site(code, new):
    if new:
        return Site(code=code)
    site = Site.objects.filter(code=code).first()
    if site is None:
        raise CommandError(f"There is no site {code}; `manage.py site list` names them all.")
    return site
