"""Two model versions side by side: what a promotion would move, and what a change of model has changed.

Counts are for administrators too; the studies themselves are for those who may see their reads (`permissions`).
"""

from dataclasses import dataclass

from django.db.models import Case, Exists, F, Max, OuterRef, Q, Subquery, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from screening import order, standing
from screening.answers import answer
from screening.models import Band, Finding, Image, Prediction, Read, Screening, Study

CHUNK = 500
# A band as a number: the highest of a study's images is the study's.
RANKS = [Band.LESS_LIKELY, Band.UNCERTAIN, Band.LIKELY]


@dataclass(frozen=True)
class Preview:
    """What a promotion would do: waiting studies that come due earlier (up) or later (down), those the version has
    not scored yet, and read studies that were signed as absent and become likely."""

    waiting: int
    up: int
    down: int
    unscored: int
    absent_likely: int

    def sentence(self, name):
        """The preview in one sentence, `name` being the version's."""
        up = ngettext("%(n)s waiting study moves up", "%(n)s waiting studies move up", self.up) % {"n": self.up}
        # Translators: of the studies that wait.
        down = ngettext("%(n)s moves down", "%(n)s move down", self.down) % {"n": self.down}
        # Translators: studies that were read as without pneumonia.
        absent = ngettext(
            "%(n)s read as absent becomes likely", "%(n)s read as absent become likely", self.absent_likely
        )
        unscored = ngettext(
            "%(n)s waiting study is not yet scored by it",
            "%(n)s waiting studies are not yet scored by it",
            self.unscored,
        )
        parts = {"name": name, "up": up, "down": down}
        parts |= {"absent": absent % {"n": self.absent_likely}, "unscored": unscored % {"n": self.unscored}}
        # Translators: %(name)s is a model; the others are parts of this sentence, such as "3 waiting studies move up".
        return _("With %(name)s, %(up)s, %(down)s, %(absent)s; %(unscored)s.") % parts


def preview(version, active):
    """The Preview of promoting `version` in the place of `active` (or None), from what it has scored by now."""
    ids = list(Study.objects.filter(status__in=Study.ON_WORKLIST).values_list("pk", flat=True))
    up = down = unscored = 0
    for start in range(0, len(ids), CHUNK):
        studies = list(Study.objects.select_related("site").filter(pk__in=ids[start : start + CHUNK]))
        for moved, scored in _moves(studies, version):
            up, down, unscored = up + (moved < 0), down + (moved > 0), unscored + (not scored)
    return Preview(len(ids), up, down, unscored, _absent_likely(version, active))


def _moves(studies, version):
    """For each study (how its due time moves: -1, 0 or 1; whether the version has scored all that it can of it)."""
    images = {study.pk: [] for study in studies}
    for image in Image.objects.filter(study__in=studies):
        images[image.study_id].append(image)
    predictions = standing.best_predictions(studies, version)
    states = Screening.objects.filter(image__study__in=studies, model_version=version)
    screenings = dict(states.values_list("image_id", "state"))
    for study in studies:
        new = standing.standing(study, images[study.pk], predictions, screenings, version)
        due_at, _ = order.due(study, standing.weight(new))
        mine = [image.pk for image in images[study.pk] if not image.gate]
        scored = all(pk in predictions and predictions[pk].model_version_id == version.pk for pk in mine)
        yield (due_at > study.due_at) - (due_at < study.due_at), scored


def _absent_likely(version, active):
    if active is None or active == version:
        return 0
    absent = with_finding(Study.objects.filter(status=Study.Status.READ)).filter(finding=Finding.ABSENT)
    return changed(active, version, absent).filter(after=RANKS.index(Band.LIKELY)).count()


def with_finding(studies):
    """The studies with their latest signed finding, the one that counts, as `finding`."""
    latest = Read.objects.filter(study=OuterRef("pk")).exclude(kind=Read.Kind.SECOND).order_by("-signed_at")
    return studies.annotate(finding=Subquery(latest.values("finding")[:1]))


def changed(a, b, studies):
    """Of the given studies those whose band differs between the versions `a` and `b`, as far as both scored them.

    Rows {"study", "before", "after"} (an id, and places in RANKS), the latest received first.
    """
    old = Prediction.objects.filter(model_version=a, image=OuterRef("image")).annotate(rank=_rank(a))
    both = Prediction.objects.filter(model_version=b, image__study__in=studies.values("pk"))
    both = both.exclude(image__study__status=Study.Status.WITHDRAWN)
    both = both.filter(Exists(old)).annotate(old=Subquery(old.values("rank")[:1]), new=_rank(b))
    rows = both.values(study=F("image__study"), at=F("image__study__received_at"))
    rows = rows.annotate(before=Max("old"), after=Max("new"))
    return rows.exclude(before=F("after")).order_by("-at", "study")


def _rank(version):
    """The place in RANKS of a prediction's band, as far as it counts: outside ages or domain it is "uncertain"."""
    outside = Q(outside_domain=True)
    if ages := version.card.get("age_range"):
        outside |= Q(image__study__age_years__lt=ages[0]) | Q(image__study__age_years__gte=ages[1] + 1)
        groups = standing.groups_outside(*ages)
        outside |= Q(image__study__age_years__isnull=True, image__study__age_group__in=groups)
    bands = [When(band=band, then=Value(rank)) for rank, band in enumerate(RANKS)]
    return Case(When(outside & Q(image__study__synthetic=False), then=Value(1)), *bands, default=Value(0))


@dataclass(frozen=True)
class Change:
    """One study whose band differs: the study (with `finding`), and its bands and scores before and after."""

    study: Study
    before: Band
    after: Band
    score_before: int | None
    score_after: int | None


def explained(rows, a, b):
    """The Changes of one page of `changed`."""
    rows = list(rows)
    studies = with_finding(Study.objects.filter(pk__in=[row["study"] for row in rows])).select_related("site")
    by_id = {study.pk: study for study in studies}
    scores = _scores(by_id, (a, b))
    return [
        Change(
            by_id[row["study"]], RANKS[row["before"]], RANKS[row["after"]],
            scores.get((row["study"], a.pk)), scores.get((row["study"], b.pk)),
        )
        for row in rows
    ]  # fmt: skip


def _scores(studies, versions):
    """{(study id, version id): the highest score that counts}."""
    found = Prediction.objects.filter(image__study__in=studies, model_version__in=versions)
    best = {}
    for each in found.select_related("model_version", "image"):
        score = answer(each, studies[each.image.study_id]).score
        if score is not None:
            key = each.image.study_id, each.model_version_id
            best[key] = max(score, best.get(key, 0))
    return best
