"""Where a study stands by its screenings: status, probability, band, due time, all from the rows, recomputed whole."""

from collections import defaultdict
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q

from screening import lifecycle, order
from screening.models import SHOWN, YEARS, Band, Event, Image, ModelVersion, Prediction, Screening, Site, Study

S = Study.Status
FIELDS = ("probability", "band", "ai_state", "model_version_id", "due_at", "cap_at")
# What a standing rests on, and `write` may change: of a study, and of a prediction.
READ = ("site", "status", "priority", "received_at", "synthetic", "age_years", "age_group", *FIELDS)
TOLD = ("image", "model_version", "probability", "band", "outside_domain")
SAVE = """
UPDATE screening_study AS held
SET probability = new.probability, band = new.band, ai_state = new.ai_state, model_version_id = new.model_version,
    due_at = new.due_at, cap_at = new.cap_at,
    screened_at = coalesce(held.screened_at, CASE WHEN new.band <> '' THEN now() END)
FROM unnest(%s::uuid[], %s::float8[], %s::text[], %s::text[], %s::uuid[], %s::timestamptz[], %s::timestamptz[])
    AS new(id, probability, band, ai_state, model_version, due_at, cap_at)
WHERE held.id = new.id
"""
PLACE = """
UPDATE screening_study AS held SET due_at = new.due_at, cap_at = new.cap_at
FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[]) AS new(id, due_at, cap_at) WHERE held.id = new.id
"""
# Studies that are moved by one statement when their site's order changes.
AT_ONCE = 5_000


@dataclass(frozen=True)
class Standing:
    """What the screenings of a study add up to.

    status: where the study waits (RECEIVED, SCREENED or UNSCREENED). probability: the highest frontal image's,
    0..1 at the reference prevalence, or None where no score counts. ai_state: a key of `wording.AI_STATES`.
    """

    status: str
    probability: float | None
    band: str
    ai_state: str
    model_version: ModelVersion | None


def standing(study, images, predictions, screenings, active):
    """The standing of `study` from its images, {image id: Prediction} and {image id: screening state}."""
    frontal = [image for image in images if image.frontal]
    if not frontal:
        return Standing(S.UNSCREENED, None, "", "lateral" if images else "not_applicable", None)
    scored = [predictions[image.pk] for image in frontal if image.pk in predictions]
    missing = [image for image in frontal if image.pk not in predictions]
    gap = _why_missing(missing, screenings, active)
    if not scored:
        return Standing(S.RECEIVED if gap in ("pending", "no_model") else S.UNSCREENED, None, "", gap, None)
    status = S.RECEIVED if gap == "pending" else S.SCREENED
    known = [each for each in scored if not outside_age(study, each.model_version) and not outside_domain(study, each)]
    if not known:
        return _none_known(study, status, scored, gap)
    top = max(known, key=lambda prediction: prediction.probability)
    if missing or len(known) < len(scored):
        # The picture without a score that counts may be the one with the pneumonia: never below "uncertain".
        band = top.band if top.band == Band.LIKELY else Band.UNCERTAIN
        beyond = any(outside_age(study, each.model_version) for each in scored)
        return Standing(status, top.probability, band, _partly(gap, beyond), top.model_version)
    return Standing(status, top.probability, top.band, "screened", top.model_version)


def _none_known(study, status, scored, gap):
    """No score counts: a film that has none at all is said first, for something may be done about it."""
    beyond = [each for each in scored if outside_age(study, each.model_version)]
    top = max(beyond or scored, key=lambda prediction: prediction.probability)
    why = _partly(gap) if gap else "outside_age" if beyond else "outside_domain"
    return Standing(status, None, Band.UNCERTAIN, why, top.model_version)


def _partly(gap, beyond=False):
    """Which pictures lack a score that counts: those without any before those outside the model's ages or films."""
    if not gap:
        return "partly_outside_age" if beyond else "partly_outside_domain"
    return "partly_screened" if gap == "pending" else "partly_failed"


def _why_missing(missing, screenings, active):
    if not missing:
        return ""
    if any(image.gate == "" and screenings.get(image.pk) not in Screening.ENDED_BADLY for image in missing):
        return "pending" if active else "no_model"
    states = [screenings.get(image.pk) for image in missing]
    return next((state for state in states if state in Screening.ENDED_BADLY), missing[0].gate or "not_applicable")


def outside_domain(study, prediction):
    """Whether the film is too unlike those that the model learned from; a phantom passes by its flag."""
    return prediction.outside_domain and not study.synthetic


def outside_age(study, version):
    """Whether the study's age, or the group its sender named, is outside the ages (years) of the version's card."""
    low, high = version.card.get("age_range") or (None, None)
    if study.synthetic or low is None:
        return False
    if study.age_years is not None:
        # A child of 5 years and 11 months is 5 years old.
        return not low <= study.age_years < high + 1
    return study.age_group in groups_outside(low, high)


def groups_outside(low, high):
    """The groups of ages that have no year from `low` to `high`."""
    return [
        group for group, (youngest, oldest) in YEARS.items() if youngest > high or (oldest is not None and oldest < low)
    ]


def begin(study, image, active):
    """Bring a study that was just made, with its first image, to where it begins. Part of the caller's transaction.

    `active`: the active version, or None. No score can be there yet, and nobody else sees it: nothing has to be read.
    """
    write([(study, standing(study, [image], {}, {}, active))])


@transaction.atomic
def recompute(study_ids):
    """Bring the given studies up to what their screenings say. Locks them in id order.

    A study that is being read, read or withdrawn keeps its status; its probability, band and due time follow.
    """
    studies = list(Study.objects.select_for_update().filter(pk__in=study_ids).order_by("pk").only(*READ))
    # Asked once the studies are locked: a promotion, or a change of a site's order, waits for them meanwhile, or has
    # been waited for.
    sites = Site.objects.in_bulk({study.site_id for study in studies})
    for study in studies:
        study.site = sites[study.site_id]
    versions = ModelVersion.objects.in_bulk()
    active = next((version for version in versions.values() if version.active), None)
    images = defaultdict(list)
    for image in Image.objects.filter(study__in=studies).only("study_id", "view", "gate"):
        images[image.study_id].append(image)
    # By the images and not by their studies: the planner takes an index then, however many there are of each.
    of = [image.pk for each in images.values() for image in each]
    predictions = _best(Prediction.objects.filter(image__in=of).only(*TOLD), active, versions)
    screenings = dict(Screening.objects.filter(image__in=of, model_version=active).values_list("image_id", "state"))
    write([(study, standing(study, images[study.pk], predictions, screenings, active)) for study in studies])


def recompute_for(rows):
    """Bring the studies of those rows up that are screenings: of jobs nothing changes there."""
    screenings = [row.pk for row in rows if isinstance(row, Screening)]
    if screenings:
        images = Image.objects.filter(screenings__in=screenings)
        recompute(list(images.values_list("study_id", flat=True).distinct()))


def best_predictions(studies, active):
    """{image id: Prediction}: the active version's, else the latest: until the new one is there the old one orders.

    `active` may be a version that is not active yet: what it says counts then, and nothing else in shadow.
    """
    return _best(Prediction.objects.filter(image__study__in=studies), active, ModelVersion.objects.in_bulk())


def _best(predictions, active, versions):
    """{image id: Prediction} of a queryset of them; `versions`: {id: ModelVersion}, for a card is long."""
    counts = SHOWN | Q(model_version=active) if active else SHOWN
    best = {}
    for prediction in predictions.filter(counts).order_by("created_at"):
        prediction.model_version = versions[prediction.model_version_id]
        held = best.get(prediction.image_id)
        if held is None or active is None or held.model_version_id != active.pk:
            best[prediction.image_id] = prediction
    return best


def weight(of):
    """The probability that orders a study (or a Standing): while a film of it is unscreened, the middle at least."""
    if of.probability is not None and of.ai_state.startswith("partly_"):
        return max(of.probability, order.UNKNOWN)
    return of.probability


def write(standings):
    """Write [(locked study, its Standing)]: the fields of each, and where it waits its status; at once for all."""
    moves, changed = [], []
    for study, new in standings:
        fields = _fields(study, new)
        moved = study.status in Study.WAITING and study.status != new.status
        if moved:
            moves.append((study, new.status, {"band": new.band, "ai_state": new.ai_state}))
        if moved or any(getattr(study, name) != value for name, value in fields.items()):
            changed.append(study)
        for name, value in fields.items():
            setattr(study, name, value)
    lifecycle.move_held(moves, Event.Kind.SCREENED)
    if changed:
        _save(changed)


def _fields(study, new):
    due_at, cap_at = order.due(study, weight(new))
    version = new.model_version and new.model_version.pk
    return dict(zip(FIELDS, (new.probability, new.band, new.ai_state, version, due_at, cap_at), strict=True))


def _save(studies):
    """Write the FIELDS of these studies. Not by bulk_update: it takes longer over 200 studies than the database."""
    columns = [[getattr(study, name) for study in studies] for name in FIELDS]
    with connection.cursor() as cursor:
        cursor.execute(SAVE, [[study.pk for study in studies], *columns])


def waiting_status(study):
    """Where `study` waits by what its screenings say now: where a released or restored study returns to."""
    active = ModelVersion.objects.filter(active=True).first()
    images = list(study.images.all())
    screenings = dict(Screening.objects.filter(image__in=images, model_version=active).values_list("image_id", "state"))
    return standing(study, images, best_predictions([study], active), screenings, active).status


@transaction.atomic
def recompute_site(site):
    """Bring every waiting study of a site to its current policy, limits and reading hours; scores stay as they are."""
    place = Study.objects.filter(site=site, status__in=Study.ON_WORKLIST)
    ids = list(place.select_for_update().order_by("pk").values_list("pk", flat=True))
    for first in range(0, len(ids), AT_ONCE):
        lot = Study.objects.filter(pk__in=ids[first : first + AT_ONCE]).only(
            "site", "priority", "received_at", "probability", "ai_state"
        )
        _move_to(site, list(lot))


def _move_to(site, studies):
    for study in studies:
        study.site = site
    times = [order.due(study, weight(study)) for study in studies]
    columns = [[study.pk for study in studies], [due_at for due_at, _ in times], [cap_at for _, cap_at in times]]
    with connection.cursor() as cursor:
        cursor.execute(PLACE, columns)
