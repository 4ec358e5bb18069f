"""Pictures, through the permission check: renditions, thumbnails, and where the model looked."""

import io
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods
from PIL import Image as Picture
from PIL import UnidentifiedImageError

from screening import explaining, permissions
from screening.models import Event, Image, Job
from webportal.views.access import allowed, sees_films
from workers import dispatch

THUMBNAIL = (120, 120)
RENDITIONS = {"viewing": "viewing", "model": "model_input", "thumb": "model_input"}
# Thumbnails return with every refresh of the worklist; films are never kept by the browser.
KEEP = {"thumb": "private, max-age=600"}
NEVER_KEPT = "private, no-store"


def _image_or_404(user, pk):
    images = Image.objects.filter(study__in=permissions.visible_studies(user)).select_related("study__site")
    return get_object_or_404(images, pk=pk)


@require_GET
@allowed(sees_films)
def view(request, pk, rendition):
    """One rendition of a picture: `viewing` (source depth), `model` (8 bit, at most 512 px) or `thumb`."""
    image = _image_or_404(request.user, pk)
    if rendition not in RENDITIONS:
        raise Http404("no such rendition")
    field = getattr(image, RENDITIONS[rendition])
    if not field:
        raise Http404("this picture cannot be decoded yet, so there is nothing to show")
    try:
        answer = _thumbnail(field) if rendition == "thumb" else _stored(field)
    except (FileNotFoundError, UnidentifiedImageError):
        raise Http404("the stored rendition is missing or damaged") from None
    if rendition != "thumb":
        _note_view(request.user, image.study)
    answer["Cache-Control"] = KEEP.get(rendition, NEVER_KEPT)
    return answer


def _note_view(user, study):
    """A film that is fetched by its own address leaves an Event, as the study's page that shows it has left one."""
    lately = Now() - timedelta(minutes=settings.CLAIM_MINUTES)
    seen = Event.objects.filter(kind=Event.Kind.VIEW, at__gt=lately, actor=user, study=study)
    if not seen.exists():
        Event.note(Event.Kind.VIEW, actor=user, study=study)


def _stored(field):
    return FileResponse(field.open("rb"), content_type="image/png")


def _thumbnail(field):
    out = io.BytesIO()
    with field.open("rb") as file, Picture.open(file, formats=("PNG",)) as picture:
        picture.thumbnail(THUMBNAIL)
        picture.convert("L").save(out, "JPEG", quality=80)
    return HttpResponse(out.getvalue(), content_type="image/jpeg")


@require_http_methods(["GET", "POST"])
@allowed(sees_films)
def explain(request, pk):
    """POST asks for the picture of where the model looked; GET, which the page repeats, says how far it is."""
    image = _image_or_404(request.user, pk)
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
    jobs = Job.objects.filter(kind=Job.Kind.EXPLAIN, image__study__in=permissions.visible_studies(request.user))
    job = get_object_or_404(jobs.exclude(file=""), pk=pk)
    try:
        answer = _stored(job.file)
    except FileNotFoundError:
        raise Http404("the stored picture is missing") from None
    answer["Cache-Control"] = NEVER_KEPT
    return answer
