"""Jobs of the operations worker: pictures that could not be decoded when they came, tried again one by one."""

import time

from django.utils.translation import gettext_noop

from screening import handling, keeping, lifecycle, queue, sandbox
from screening.models import Job
from workers import dispatch, engine

SLICE_S = 10


def decode():
    """Do pending decode jobs, for about SLICE_S; what is left is rung for again."""
    ends = time.monotonic() + SLICE_S
    jobs = Job.objects.filter(kind=Job.Kind.DECODE).select_related("image__study__site")
    while claimed := queue.claim(jobs, engine.owner(), 1):
        _decode(claimed[0])
        if engine.stopping() or time.monotonic() >= ends:
            dispatch.go_on(claimed[0])
            return


def _decode(job):
    try:
        dispatch.ring(handling.decode_again(job.image))
    except lifecycle.Overtaken:
        pass  # somebody else has decoded it
    except handling.NotDecoded as error:
        queue.fail(job, error)
    except keeping.StorageFull as full:
        queue.fail(job, queue.Outage("storage_full", full.sentence))
    except sandbox.CannotStart:
        queue.fail(job, queue.Transient("no_decoder", gettext_noop("The decoder did not start.")))
    except OSError:
        queue.fail(job, queue.Outage("storage_away", keeping.AWAY))
    queue.finish(job)  # where it has not failed: this writes leased rows alone
