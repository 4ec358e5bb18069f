"""R17 and R18: films that break a decoder, films that kill the model's process, batches that its memory cannot take."""

import io
import sys
import time
from collections import Counter

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db.models import Sum
from PIL import Image as Picture

from deploy.local import commands
from screening import archive
from screening.models import Image, Prediction, Receipt, Screening
from tests import factories
from tests.faults import checker, drawn
from tests.faults.conftest import all_ended, ring_for_all, until
from tests.intake import films
from workers import dispatch

pytestmark = pytest.mark.faults
nightly = pytest.mark.nightly
RUNTIME = "tests.faults.fragile_runtime"
SHORT = {"LEASE_S": 3, "SWEEP_S": 1}
POISONS = {
    b"ABORT": "decoder_crashed",
    b"EXIT": "decoder_crashed",
    b"HOG": "decoder_memory",
    b"HANG": "decoder_timeout",
}
FILMS = 60


def seconds_of(entries):
    """How long an archive takes until every film of it is screened."""
    batch = factories.batch(factories.site())
    job = archive.spool(batch, "cd.zip", io.BytesIO(films.archive(entries)))
    began = time.monotonic()
    dispatch.ring_for_job(job)
    until(lambda: all_ended() and Receipt.objects.filter(batch=batch).count() == len(entries), 120, "the archive taken")
    return time.monotonic() - began


def drawn_films(first):
    return {f"{number}.jpg": films.jpeg(number) for number in range(first, first + FILMS)}


def with_poison(entries):
    """The poisons lie among the others."""
    names = list(entries)
    at = {names[(n + 1) * len(names) // 5]: order for n, order in enumerate(POISONS)}
    mixed = {}
    for name, data in entries.items():
        if name in at:
            mixed[f"poison-{at[name].decode()}.jpg"] = at[name]
        mixed[name] = data
    return mixed


def taken_with_poison(installation, wall_s, **profile):
    """(seconds of 60 films, seconds of 60 films with four poisons among them); whatever was to become of them did."""
    factories.active_model()
    celery = [*commands._worker("operations"), "--beat", "--schedule", installation.var / "run" / "poisoned"]
    command = [sys.executable, "-m", "tests.faults.poisoned", "celery", "-A", "workers", *celery]
    worker = installation.run(command, "poisoned", WALL_S=wall_s, **profile)
    model = installation.started("screening", **profile)
    children = model.children()
    clean_s, poisoned_s = seconds_of(drawn_films(0)), seconds_of(with_poison(drawn_films(FILMS)))
    said = dict(Receipt.objects.exclude(outcome="accepted").values_list("name", "reason"))
    assert said == {f"cd.zip/poison-{order.decode()}.jpg": code for order, code in POISONS.items()}
    assert Image.objects.count() == Prediction.objects.count() == 2 * FILMS
    assert worker.alive and model.alive and model.children() == children, "nobody but the decoder dies"
    checker.check()
    return clean_s, poisoned_s


def test_r17_four_films_that_break_the_decoder_cost_their_sixty_neighbours_nothing(installation):
    clean_s, poisoned_s = taken_with_poison(installation, wall_s=3)
    # One hangs for the 3 s that it is left; each of the others costs the start of a process.
    assert poisoned_s < 2 * clean_s + 10


@nightly
def test_r17_with_the_products_own_limits(installation, capsys):
    clean_s, poisoned_s = taken_with_poison(installation, wall_s=20, LEASE_S=30)
    with capsys.disabled():
        print(
            f"  60 films in {clean_s:.1f} s; with 4 poisons, of which one hangs for 20 s, in {poisoned_s:.1f} s:"
            f" {clean_s / poisoned_s:.2f} of the throughput"
        )
    assert poisoned_s < 2 * clean_s + 20 + 15


def even_grey(image):
    """Put in place of what the model is to look at of this image the film that kills."""
    out = io.BytesIO()
    Picture.fromarray(np.full((48, 48), 128, np.uint8)).save(out, "PNG")
    with default_storage.open(image.model_input.name, "wb") as file:
        file.write(out.getvalue())


def killed_by_films(installation, count, killers, within_s, **profile):
    """So many films wait, of which so many kill the model's process; they alone are taken out of the queue."""
    factories.active_model()
    images = drawn.waiting(factories.site(), count)
    poison = images[3 :: count // killers]
    for image in poison:
        even_grey(image)
    installation.start("sweeper", **profile)
    worker = installation.start("screening", RUNTIME=RUNTIME, **profile)
    ring_for_all()
    until(all_ended, within_s, "every film ended")
    taken_out = Screening.objects.filter(state="quarantined")
    assert set(taken_out.values_list("image", flat=True)) == {image.pk for image in poison}
    assert set(taken_out.values_list("error_code", "crashes")) == {("worker_died", 3)}
    assert set(taken_out.values_list("image__study__status", flat=True)) == {"unscreened"}
    others = Screening.objects.exclude(pk__in=taken_out.values("pk"))
    assert Counter(others.values_list("state", "crashes")) == {("done", 0): count - killers}
    assert worker.alive
    checker.check()


def test_r17_a_film_that_kills_the_models_process_is_taken_out_after_three_times_alone(installation):
    killed_by_films(installation, 8, killers=1, within_s=90, BATCH_SIZE=8, **SHORT)


@nightly
def test_r17_four_films_that_kill_among_64(installation):
    killed_by_films(installation, 64, killers=4, within_s=400, BATCH_SIZE=32)


def too_many(installation, what, **profile):
    """32 films wait for a model whose machine has memory for 8 at once."""
    factories.active_model()
    drawn.waiting(factories.site(), 32)
    installation.start("sweeper", **profile)
    how = {"RUNTIME": RUNTIME, "MOST_FILMS": 8, "TOO_MANY": what, "BATCH_SIZE": 32}
    worker = installation.start("screening", **how, **profile)
    ring_for_all()
    until(all_ended, 90, "every film ended")
    assert Prediction.objects.count() == Screening.objects.filter(state="done").count() == 32
    assert worker.alive
    checker.check()


def test_r18_a_batch_that_does_not_fit_into_memory_is_halved_until_it_does(installation):
    too_many(installation, "raises", **SHORT)
    assert Screening.objects.aggregate(all=Sum("attempts"))["all"] == 32, "at the first attempt"


@nightly
def test_r18_a_batch_for_which_the_kernel_kills_the_process_runs_film_by_film(installation):
    too_many(installation, "kills")
    assert Screening.objects.aggregate(all=Sum("crashes"))["all"] == 0
