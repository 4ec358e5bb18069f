"""Pictures, through the permission check: renditions, thumbnails, and where the model looked."""

import io
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from PIL import Image as Picture

from screening import ahead, blinding, explaining, keeping, permissions, worklist
from screening.models import Event, Image, Job
from webportal.views.access import allowed, sees_films
from workers import dispatch

THUMBNAIL = (120, 120)
FILMS_AHEAD = 2  # a frontal and a lateral one
PREVIEW_B = 200_000
QUALITIES = (85, 60, 30)
RENDITIONS = {"viewing": "viewing", "preview": "model_input", "model": "model_input", "thumb": "model_input"}
# Thumbnails return with every refresh of the worklist. A film is fetched before its study is opened, and outlives one
# page for that; `Vary: Cookie` ties it to the session, and logging out clears it (docs/decisions/the-viewer.md).
KEEP = {"thumb": "private, max-age=600", "preview": "private, max-age=300", "viewing": "private, max-age=300"}
NEVER_KEPT = "private, no-store"


def _image_or_404(user, pk):
    images = Image.objects.filter(study__in=permissions.visible_studies(user)).select_related("study__site")
    return get_object_or_404(images, pk=pk)


@require_GET
@allowed(sees_films)
def view(request, pk, rendition):
    """One rendition of a picture: `viewing` (source depth), `preview` and `model` (8 bit, at most 512 px) or `thumb`.

    Every one but the thumbnail leaves an Event, unless it is fetched ahead under a pass of `screening.ahead`.
    """
    image = _image_or_404(request.user, pk)
    if rendition not in RENDITIONS:
        raise Http404("no such rendition")
    field = getattr(image, RENDITIONS[rendition])
    if not field:
        raise Http404("this picture cannot be decoded yet, so there is nothing to show")
    try:
        answer = DRAWN.get(rendition, _stored)(field)
    except (OSError, SyntaxError) as error:  # Pillow raises either on a damaged PNG
        raise _not_shown(field, error) from None
    if rendition != "thumb" and not ahead.holds(request.headers.get("FirstRead-Ahead", ""), image.study, request.user):
        _note_view(request.user, image.study)
    answer["Cache-Control"] = KEEP.get(rendition, NEVER_KEPT)
    return answer


def _not_shown(field, error):
    if keeping.is_away(field.name, error):
        return keeping.away(error)
    return Http404("the stored picture is missing or damaged")


@require_GET
@allowed(permissions.may_read)
def films_ahead(request):
    """What `Next study` would open now, to be fetched while nothing else is done; nothing where data is to be saved."""
    studies = worklist.waiting(permissions.visible_studies(request.user))
    study = None if request.headers.get("Save-Data") == "on" else ahead.candidate(studies, request.user)
    films = study.images.exclude(viewing="")[:FILMS_AHEAD] if study else []
    addresses = [reverse("image_view", args=[film.pk, kind]) for film in films for kind in ("preview", "viewing")]
    found = {"films": addresses, "pass": ahead.draw_pass(study, request.user) if study else ""}
    return JsonResponse(found, headers={"Cache-Control": NEVER_KEPT})


def _note_view(user, study):
    """A film that is fetched by its own address leaves an Event, as the study's page that shows it has left one."""
    lately = Now() - timedelta(minutes=settings.CLAIM_MINUTES)
    looks = Event.objects.filter(kind=Event.Kind.VIEW, at__gt=lately, actor=user, study=study)
    # A finding that was seen beside a later film is no look at the film.
    if not looks.exclude(detail__has_key="beside").exists():
        Event.note(Event.Kind.VIEW, actor=user, study=study, film=True)


def _stored(field):
    return FileResponse(field.open("rb"), content_type="image/png")


def _thumbnail(field):
    with field.open("rb") as file, Picture.open(file, formats=("PNG",)) as picture:
        picture.thumbnail(THUMBNAIL)
        return HttpResponse(_jpeg(picture, 80), content_type="image/jpeg")


def _preview(field):
    """At most PREVIEW_B, whatever is on the film: what a slow line shows before the full depth has come."""
    with field.open("rb") as file, Picture.open(file, formats=("PNG",)) as picture:
        drawn = (_jpeg(picture, quality) for quality in QUALITIES)
        small = next((data for data in drawn if len(data) <= PREVIEW_B), None)
    if small is None:
        raise Http404("this picture has no small preview")
    return HttpResponse(small, content_type="image/jpeg")


def _jpeg(picture, quality):
    out = io.BytesIO()
    picture.convert("L").save(out, "JPEG", quality=quality)
    return out.getvalue()


DRAWN = {"thumb": _thumbnail, "preview": _preview}


@require_http_methods(["GET", "POST"])
@allowed(sees_films)
def explain(request, pk):
    """POST asks for the picture of where the model looked; GET, which the page repeats, says how far it is."""
    image = _image_or_404(request.user, pk)
    if blinding.hides_ai(image.study, request.user):
        sentence = _("Where the model looked is shown once you have chosen a finding.")
        return render(request, "webportal/_explanation.html", {"image": image, "sentence": sentence})
    try:
        job = explaining.ask(image, request.user) if request.method == "POST" else _job_or_404(image)
    except explaining.NoModel as error:
        return render(request, "webportal/_explanation.html", {"image": image, "sentence": str(error)})
    if request.method == "POST" and job.state == Job.State.PENDING:
        dispatch.ring_for_job(job)
    return render(request, "webportal/_explanation.html", {"image": image, "job": job})


def _job_or_404(image):
    jobs = image.jobs.filter(kind=Job.Kind.EXPLAIN).select_related("model_version").order_by("-created_at")
    job = jobs.first()
    if job is None:
        raise Http404("nobody asked where the model looked")
    return job


@require_GET
@allowed(sees_films)
def explanation(request, pk):
    """The picture of one explain job."""
    shown = permissions.visible_studies(request.user).exclude(pk__in=blinding.hidden(request.user).values("pk"))
    jobs = Job.objects.filter(kind=Job.Kind.EXPLAIN, image__study__in=shown)
    job = get_object_or_404(jobs.exclude(file=""), pk=pk)
    try:
        answer = _stored(job.file)
    except OSError as error:
        raise _not_shown(job.file, error) from None
    answer["Cache-Control"] = NEVER_KEPT
    return answer
