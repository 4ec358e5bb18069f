"""Workers that nobody rings for look by themselves: where beat is dead, or no sweep runs, work waits for neither.

Nothing is asked of the ledger here: this runs in Celery's parent, which must not hold a connection when it forks.
"""

from celery import bootsteps
from celery.worker import state
from django.conf import settings

from workers import dispatch

# Queue -> the task that the sweep, or beat, brings to it every S seconds; and what brings it.
EXPECTED = {
    "screening": ("workers.tasks.screen", dispatch.knock),
    "operations": ("workers.tasks.sweep", dispatch.sweep_now),
}


class Poll(bootsteps.StartStopStep):
    """Rings in the worker's own queues where no ring came for two sweeps. Begun anew with every connection."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer, **options):
        super().__init__(consumer, **options)
        self._timer, self._seen = None, {}

    def start(self, consumer):
        mine = [queue for queue in EXPECTED if queue in consumer.app.amqp.queues.consume_from]
        self._timer = consumer.timer.call_repeatedly(2 * settings.SWEEP_S, look, (mine, self._seen))

    def stop(self, consumer):
        if self._timer:
            self._timer.cancel()
            self._timer = None


def look(queues, seen):
    """Ring in those of the queues where nothing came since the last look; `seen` keeps {queue: rings until then}."""
    for queue in queues:
        task, ring = EXPECTED[queue]
        before, seen[queue] = seen.get(queue, 0), state.total_count.get(task, 0)
        # A worker that is busy takes what is pending anyway.
        if seen[queue] == before and not state.active_requests:
            ring()
