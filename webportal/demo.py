"""The Demo site: twelve phantoms on the worklist of a first start, and a few more to drop on the upload page.

They are drawn, and say so in their pixels: nobody takes one for a patient's film, wherever it is shown or copied to.
They live at a site of their own, outside all statistics, and go with it.
"""

import io

from django.conf import settings
from django.db import transaction
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from ml import phantom
from ml.pixels import PHANTOM
from screening import intake, keeping
from screening.models import Batch, Event, Image, Job, Priority, Read, Site, Study

CODE, NAME = "demo", "Demo site"
# In the order they arrive; half of them are drawn with opacities.
CLASSES = [Priority.STAT, *[Priority.URGENT] * 3, *[Priority.ROUTINE] * 8]
FIRST_NUMBER, FIRST_SEED = 1042, 12
TO_DROP = range(101, 107)
LABEL = "SYNTHETIC PHANTOM"


class NotSynthetic(Exception):
    """A study at the Demo site is no phantom; it is not ours to delete."""


def film(seed, opacity):
    """PNG bytes of a phantom that says what it is."""
    picture = Picture.fromarray(phantom.draw(seed, opacity))
    # The viewer writes in the four corners.
    foot = (picture.width // 2, picture.height - 6)
    font = ImageFont.load_default(picture.width // 36)
    ImageDraw.Draw(picture).text(foot, LABEL, fill=210, font=font, anchor="ms", stroke_width=2, stroke_fill=0)
    out = io.BytesIO()
    says = PngInfo()
    says.add_text(*PHANTOM)
    picture.save(out, "PNG", pnginfo=says)
    return out.getvalue()


def make():
    """The Demo site with its studies, and files to drop; None where it is there, was removed, or is not wanted.

    What a start that was broken off has left half done is finished by the next.
    """
    if not settings.DEMO or Event.objects.filter(kind=Event.Kind.DEMO_REMOVED).exists():
        return None
    site, _ = Site.objects.get_or_create(code=CODE, defaults={"name": NAME, "demo": True})
    there = site.studies.filter(batch__source=Batch.Source.SAMPLES).count()
    if not site.demo or there >= len(CLASSES):
        return None
    for number, priority in enumerate(CLASSES):
        _send(site, number, priority)
    _write_files_to_drop()
    return site


def _send(site, number, priority):
    name = f"Sample studies, {Priority(priority).code}"
    batch, _ = Batch.objects.get_or_create(site=site, source=Batch.Source.SAMPLES, name=name, priority=priority)
    receipt = intake.receive(batch, f"phantom-{number + 1:02}.png", film(FIRST_SEED + number, opacity=number % 2 == 0))
    if receipt.image is None:
        raise RuntimeError(f"the door refused a phantom: {receipt.reason}")
    # What a PNG cannot say of its film and its patient; there is none.
    Image.objects.filter(pk=receipt.image_id).update(view="AP")
    Study.objects.filter(pk=receipt.study_id).update(
        patient_id=f"DEMO-{FIRST_NUMBER + number}", age_years=1 + number % 5
    )


def _write_files_to_drop():
    folder = settings.VAR / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    for seed in TO_DROP:
        (folder / f"phantom-{seed}.png").write_bytes(film(seed, opacity=seed % 2 == 0))


@transaction.atomic
def remove(actor=None):
    """Remove every demo site with its studies, reads and files; returns how many studies went. Raises NotSynthetic."""
    sites = Site.objects.filter(demo=True)
    studies = Study.objects.filter(site__in=sites)
    if studies.filter(synthetic=False).exists():
        raise NotSynthetic
    count, names = studies.count(), _files(sites)
    for site in sites:
        Event.note(Event.Kind.DEMO_REMOVED, actor=actor, site=site, studies=count)
    # Addenda first: what they add to is protected.
    Read.objects.filter(study__in=studies).exclude(addendum_to=None).delete()
    Read.objects.filter(study__in=studies).delete()
    sites.delete()
    transaction.on_commit(lambda: _drop(names))
    return count


def _files(sites):
    """The names in storage of everything at these sites."""
    images = Image.objects.filter(site__in=sites).values_list("original", "viewing", "model_input")
    jobs = Job.objects.filter(image__site__in=sites) | Job.objects.filter(batch__site__in=sites)
    names = [name for row in images for name in row] + list(jobs.values_list("file", flat=True))
    return [name for name in names if name]


def _drop(names):
    keeping.drop(*names)
    for file in (settings.VAR / "samples").glob("phantom-*.png"):
        file.unlink()
