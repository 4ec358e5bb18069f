"""The worklist page: rows in order with their reasons, filters, search, the strip of what the order costs."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from screening import blinding, permissions, places, reading, worklist
from screening.choice import AI, Choice
from screening.models import SavedView, Study, User
from webportal.views.access import allowed
from webportal.worklist_form import WorklistForm
from webportal.worklist_strip import strip

# (query, words, band for the shape), in the order of the chips.
CHIPS = [
    ("", pgettext_lazy("studies", "All"), ""),
    ("band=likely", pgettext_lazy("band", "Likely"), "likely"),
    ("band=uncertain", pgettext_lazy("band", "Uncertain"), "uncertain"),
    ("band=less_likely", pgettext_lazy("band", "Less likely"), "less_likely"),
    ("ai=pending", gettext_lazy("AI pending"), ""),
    ("ai=without_ai", gettext_lazy("Without AI"), ""),
    ("mine=1", pgettext_lazy("studies", "Mine"), ""),
]


@dataclass(frozen=True)
class Row:
    """One study on the worklist, as seen at `now` by `user`, `hidden` what the AI says of it."""

    study: Study
    now: datetime
    user: User
    hidden: bool

    @property
    def mine(self):
        return self.study.claimed_by_id == self.user.pk

    @property
    def taken(self):
        return self.study.status == Study.Status.READING and not self.mine

    @property
    def over(self):
        return self.study.cap_at <= self.now

    @property
    def reason(self):
        return worklist.reason(self.study, self.now, self.hidden)

    @property
    def due(self):
        return worklist.due(self.study, self.hidden)

    @property
    def limit_first(self):
        """Whether the limit comes before the due time: the instant shown is then the limit."""
        return self.due == self.study.cap_at

    @property
    def waited(self):
        return self.now - self.study.received_at

    @property
    def mark(self):
        """What a reader would call a change of this row; the clock's progress is none."""
        study = self.study
        said = () if self.hidden else (study.ai_state, study.band, study.score)
        return "/".join(str(part) for part in (study.status, study.priority, study.version, self.over, *said))


@dataclass(frozen=True)
class Asked:
    """What a request asks of the worklist: the filters, the sites they leave, and the sites that hide the AI."""

    form: WorklistForm
    choice: Choice
    sites: list
    every_site: list
    blind: list

    @property
    def left_out(self):
        """The sites whose studies are in no choice by what the AI says."""
        return [site for site in self.blind if site not in self.sites] if self.choice.by_ai else []

    @property
    def offers_ai(self):
        return len(self.blind) < len(self.every_site) or not self.every_site


def asked_of(request):
    """The filters of an address, for the reader who asks."""
    user = request.user
    prefetch_related_objects([user], "sites")
    sites = list(permissions.sites_of(user))
    blind = [site for site in sites if site.blind_first] if permissions.may_read(user) else []
    form = WorklistForm(request.GET, sites, by_ai=not sites or len(blind) < len(sites))
    chosen, among = form.choice(user)
    return Asked(form, *chosen.within(among, blind), sites, blind)


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_see_worklist)
def show(request):
    """One page of the worklist; for htmx, the part that changes. A search comes by POST: no address holds a patient."""
    asked, user = asked_of(request), request.user
    if "" in request.GET.values() and not asked.form.left_out:
        # As the form sends it, with what was not chosen: the address is the choice alone.
        return redirect(f"{request.path}?{asked.form.query}")
    studies = worklist.waiting(permissions.visible_studies(user)).prefetch_related("images")
    seeing = [site.pk for site in asked.every_site if site not in asked.blind]
    tally = places.tally([site.pk for site in asked.every_site], user, seeing)
    words = request.POST.get("words", "").replace("\x00", "").strip()[:64]
    more = False
    try:
        if words:
            page, more = worklist.search(studies, words, sites=asked.every_site)
        else:
            where = {"sites": asked.sites, "choice": asked.choice, "known": tally}
            page = worklist.page(studies, after=request.GET.get("after"), **where)
    except worklist.BadCursor as error:
        messages.warning(request, f"{error}".capitalize() + ".")
        return redirect("worklist")
    hidden = blinding.hidden_ids(page.studies, user)
    context = {
        "rows": [Row(study, page.t0, user, study.pk in hidden) for study in page.studies],
        "page": page,
        "asked": asked,
        "query": "" if words else asked.form.query,
        "words": words,
        "more": more,
        "first_page": "after" not in request.GET,
        "chips": chips(tally, asked, seeing),
        "tally": tally,
        "strip": strip(asked.every_site, tally),
        "pending": tally.count(AI["pending"][1]),
    }
    if request.htmx:
        return render(request, "webportal/_worklist.html", context)
    context |= {
        "saved": list(SavedView.objects.filter(user=user)),
        "switchable": asked.every_site if permissions.may_switch_order(user) else [],
    }
    return render(request, "webportal/worklist.html", context)


def chips(tally, asked, seeing):
    """(query, words, band, count) of each chip; those by what the AI says count where it is shown."""

    def of(holds):
        return tally.count(lambda kind: kind.site in seeing and holds(kind))

    counts = {"": tally.waiting, "mine=1": tally.mine}
    if asked.offers_ai:
        for query, _words, band in CHIPS:
            if band:
                counts[query] = of(lambda kind, band=band: kind.band == band)
            elif query.startswith("ai="):
                counts[query] = of(AI[query.removeprefix("ai=")][1])
    return [(query, words, band, counts[query]) for query, words, band in CHIPS if query in counts]


@require_POST
@allowed(permissions.may_read)
def next_study(request):
    """Claim the study on top and open it."""
    study = reading.claim_next(worklist.waiting(permissions.visible_studies(request.user)), request.user)
    if study is None:
        messages.success(request, _("No study is waiting for a reader now."))
        return redirect("worklist")
    return redirect("study", study.pk)
