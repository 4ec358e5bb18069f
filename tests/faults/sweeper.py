"""One of several sweepers at once: sweeps without a pause, until it is killed. python -m tests.faults.sweeper"""

import django

django.setup()

from workers import tasks  # noqa: E402

while True:
    tasks.sweep()
