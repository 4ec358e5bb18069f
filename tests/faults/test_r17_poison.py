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
from tests.intake.films import archive as archived
from tests.intake.films import jpeg
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


def seconds_of(entries, films):
    """(seconds until so many films of an archive are screened, seconds until nothing of it is left)."""
    batch, before = factories.batch(factories.site()), Prediction.objects.count()
    job = archive.spool(batch, "cd.zip", io.BytesIO(archived(entries)))
    began = time.monotonic()
    dispatch.ring_for_job(job)
    until(lambda: Prediction.objects.count() == before + films, 300, "every film of the archive screened")
    screened_s = time.monotonic() - began
    until(lambda: all_ended() and Receipt.objects.filter(batch=batch).count() == len(entries), 120, "the archive taken")
    return screened_s, time.monotonic() - began


def drawn_films(first, count, side=160):
    return {f"{number}.jpg": jpeg(number, side) for number in range(first, first + count)}


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


def taken_with_poison(installation, wall_s, count=FILMS, side=160, **profile):
    """Seconds of so many films, and of so many with four poisons among them: (clean, until the last of the others was
    screened, until all was over). Whatever was to become of them did."""
    factories.active_model()
    celery = [*commands._worker("operations"), "--beat", "--schedule", installation.var / "run" / "poisoned"]
    command = [sys.executable, "-m", "tests.faults.poisoned", "celery", "-A", "workers", *celery]
    worker = installation.run(command, "poisoned", WALL_S=wall_s, **profile)
    model = installation.started("screening", **profile)
    children = model.children()
    seconds_of(drawn_films(0, 8), 8)  # every process has started its own by then
    clean_s, _ = seconds_of(drawn_films(8, count, side), count)
    others_s, over_s = seconds_of(with_poison(drawn_films(8 + count, count, side)), count)
    said = dict(Receipt.objects.exclude(outcome="accepted").values_list("name", "reason"))
    assert said == {f"cd.zip/poison-{order.decode()}.jpg": code for order, code in POISONS.items()}
    assert Image.objects.count() == Prediction.objects.count() == 8 + 2 * count
    assert worker.alive and model.alive and model.children() == children, "nobody but the decoder dies"
    checker.check()
    return clean_s, others_s, over_s


def test_r17_four_films_that_break_the_decoder_cost_their_sixty_neighbours_nothing(installation):
    _, others_s, over_s = taken_with_poison(installation, wall_s=20)
    assert others_s < 20 < over_s, "one hangs for as long as it is left, and nobody waits for it"


@nightly
@pytest.mark.parametrize(("count", "side"), [(60, 160), (600, 160), (200, 1000)])
def test_r17_with_the_products_own_limits(installation, count, side, capsys):
    clean_s, others_s, over_s = taken_with_poison(installation, wall_s=20, count=count, side=side, LEASE_S=30)
    with capsys.disabled():
        print(
            f"  {count} films of {side} x {side} in {clean_s:.1f} s; with 4 poisons, of which one hangs for 20 s,"
            f" in {others_s:.1f} s ({clean_s / others_s:.2f} of the throughput), and all over after {over_s:.1f} s"
        )
    assert others_s < 2 * clean_s + 5


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
    too_many(installation, "raises", LEASE_S=30, SWEEP_S=1)
    assert Screening.objects.aggregate(all=Sum("attempts"))["all"] == 32, "at the first attempt"


@nightly
def test_r18_a_batch_for_which_the_kernel_kills_the_process_runs_film_by_film(installation):
    too_many(installation, "kills")
    assert Screening.objects.aggregate(all=Sum("crashes"))["all"] == 0
