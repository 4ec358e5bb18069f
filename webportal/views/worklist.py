"""The worklist page: rows in order with their reasons, filters, the strip of what the order costs, next study."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from screening import order, permissions, reading, worklist
from screening.models import Band, Heartbeat, ModelVersion, Study, User
from webportal.views.access import allowed
from workers import heartbeat

# (name in the address, words, band for the shape) in the order of the chips.
CHIPS = [
    ("all", "All", ""),
    ("likely", "Likely", "likely"),
    ("uncertain", "Uncertain", "uncertain"),
    ("less_likely", "Less likely", "less_likely"),
    ("pending", "AI pending", ""),
    ("without_ai", "Without AI", ""),
    ("mine", "Mine", ""),
]


@dataclass(frozen=True)
class Row:
    """One study on the worklist, as seen at `now` by `user`."""

    study: Study
    now: datetime
    user: User

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
        return worklist.reason(self.study, self.now)

    @property
    def due(self):
        return worklist.due(self.study)

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
        parts = study.status, study.priority, study.ai_state, study.band, study.score, study.version, self.over
        return "/".join(str(part) for part in parts)


@require_GET
@allowed(permissions.may_see_worklist)
def show(request):
    """One page of the worklist; for htmx, the part that changes."""
    chosen = request.GET.get("show", "all")
    studies = worklist.waiting(permissions.visible_studies(request.user))
    try:
        page = worklist.page(_only(studies, chosen, request.user), after=request.GET.get("after"))
    except worklist.BadCursor as error:
        messages.warning(request, f"{error}".capitalize() + ".")
        return redirect("worklist")
    counts = worklist.counts(studies, request.user)
    context = {
        "rows": [Row(study, page.t0, request.user) for study in page.studies],
        "page": page,
        "chosen": chosen,
        "first_page": "after" not in request.GET,
        "chips": [(name, words, band, counts[name]) for name, words, band in CHIPS],
        "counts": counts,
        "strip": strip(request.user, studies, page.t0),
    }
    return render(request, "webportal/_worklist.html" if request.htmx else "webportal/worklist.html", context)


def _only(studies, chosen, user):
    """The studies that a chip shows; an unknown name shows all of them."""
    if chosen == "mine":
        studies = studies.filter(claimed_by=user)
    elif chosen in worklist.FILTERS:
        studies = studies.filter(worklist.FILTERS[chosen])
    return studies.prefetch_related("images")


def strip(user, studies, now):
    """What the order is, what it costs, and whether the AI is there."""
    less_likely = studies.filter(band=Band.LESS_LIKELY, status__in=Study.WAITING)
    oldest = less_likely.order_by("received_at").first()
    return {
        "policies": sorted({site.get_policy_display().lower() for site in permissions.sites_of(user)}),
        "version": order.VERSION,
        "oldest": oldest,
        "oldest_waited": oldest and now - oldest.received_at,
        "oldest_limit": oldest and oldest.cap_at - oldest.received_at,
        "past_limit": studies.filter(cap_at__lte=now).count(),
        "ai": ai_offline(),
    }


def ai_offline():
    """None while a model worker lives with the active model; else since when there is none, and what a worker says."""
    alive = list(heartbeat.alive("model"))
    active = ModelVersion.objects.filter(active=True).values_list("card_sha256", flat=True).first()
    if any(active in beat.loaded for beat in alive):
        return None
    last = Heartbeat.objects.filter(kind="model").order_by("-seen_at").first()
    return {"since": last and last.seen_at, "problem": next((beat.problem for beat in alive if beat.problem), "")}


@require_POST
@allowed(permissions.may_read)
def next_study(request):
    """Claim the study on top and open it."""
    study = reading.claim_next(worklist.waiting(permissions.visible_studies(request.user)), request.user)
    if study is None:
        messages.success(request, "No study is waiting for a reader now.")
        return redirect("worklist")
    return redirect("study", study.pk)
