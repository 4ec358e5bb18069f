"""`manage.py model ...`: what the page "Models" does, on the machine itself, and adding a model."""

from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from screening import comparing, rescreening
from screening.models import ModelVersion, Site, Study
from webportal.model_card import ModelCard
from workers import adding, promoting, versions

SHOWN = 200


class Command(BaseCommand):
    help = "List, add, promote, roll back and compare model versions. Every act is an event of the history."

    def add_arguments(self, parser):
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="every version with its state and figures")
        add = acts.add_parser("add", help="check a model (card, weights, report, canary) and keep a copy")
        add.add_argument("card", type=Path, help="NAME.json beside NAME.weights.h5 and NAME.report.html")
        _version(acts, "promote", "it orders the worklist from now on")
        back = acts.add_parser("rollback", help="the version that was active before is active again")
        back.add_argument("--to", metavar="MODEL", help="refuse where that is another one by now")
        shadow = _version(acts, "shadow", "it scores what arrives, and nobody is shown")
        shadow.add_argument("--off", action="store_true", help="out of shadow")
        again = _version(acts, "rescreen", "screen chosen studies again; both predictions stay")
        again.add_argument("--site", metavar="CODE", help="of this site alone")
        again.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="received on that day or later")
        again.add_argument("--status", choices=[name for name, _, _ in rescreening.CHOICES], default="waiting")
        _version(acts, "preview", "what a promotion would move")
        changed = _version(acts, "changed", "the studies whose band differs between two versions")
        changed.add_argument("other", help="the later version")

    def handle(self, *, act, **options):
        try:
            getattr(self, act)(**options)
        except versions.Refused as refused:
            raise CommandError(refused.sentence) from None

    def list(self, **_):
        for version in ModelVersion.objects.order_by("-active", "-shadow", "-activated_at", "-created_at"):
            card = ModelCard(version)
            figures = ", ".join(f"{words} {value:.3f}" for words, value, _ in card.figures[:3]) or "no figures"
            name = f"{version.name} {version.version}"
            self.stdout.write(f"{version.card_sha256[:8]}  {name}  {card.state}  {card.ages}  {figures}")

    def add(self, *, card, **_):
        version, new = adding.add(card)
        known = "Added" if new else "Known already, and checked anew"
        self.stdout.write(f"{known}: {version}, card {version.card_sha256[:8]}. Promote it, or put it in shadow.")

    def promote(self, *, version, **_):
        active = promoting.promote(versions.find(version))
        self.stdout.write(f"Active: {active}. Waiting studies are screened by it now.")

    def rollback(self, *, to, **_):
        self.stdout.write(f"Active again: {promoting.roll_back(to=to and versions.find(to).pk)}.")

    def shadow(self, *, version, off, **_):
        found = promoting.set_shadow(versions.find(version), not off)
        self.stdout.write(f"Out of shadow: {found}." if off else f"In shadow: {found} scores, and nobody is shown.")

    def rescreen(self, *, version, site, since, status, **_):
        found = Site.objects.filter(code=site).first() if site else None
        if site and found is None:
            raise CommandError(f"There is no site {site}; `manage.py site list` names them all.")
        images = promoting.rescreen(rescreening.Wish(versions.find(version), status, found, since))
        self.stdout.write(f"{images} films are in the queue of {version}." if images else "Nothing is left to screen.")

    def preview(self, *, version, **_):
        found = versions.find(version)
        said = comparing.preview(found, ModelVersion.objects.filter(active=True).first())
        self.stdout.write(said.sentence(f"{found.name} {found.version}"))

    def changed(self, *, version, other, **_):
        a, b = versions.find(version), versions.find(other)
        rows = comparing.changed(a, b, Study.objects.all())
        total = rows.count()
        for change in comparing.explained(rows[:SHOWN], a, b):
            finding = change.study.finding or "not read"
            self.stdout.write(f"{change.study.pk}  {change.before} -> {change.after}  {finding}")
        rest = f", {SHOWN} of them above" if total > SHOWN else ""
        self.stdout.write(f"{total} stud{'y has' if total == 1 else 'ies have'} another band{rest}.")


def _version(acts, act, words):
    parser = acts.add_parser(act, help=words)
    named = 'its name, "name version", or how its card\'s hash begins, as `list` shows it'
    parser.add_argument("version", metavar="MODEL", help=named)
    return parser


def _day(text):
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no day: write 2026-05-31") from None
