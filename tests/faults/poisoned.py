"""A program of ours whose decoder does what a film says, as tests/intake/hostile_child.py has it: what a codec with a
hole would make possible. `python -m tests.faults.poisoned celery -A workers worker ...`

FIRSTREAD_WALL_S: the seconds that the decoder is left with one film (default those of the product).
"""

import os
import runpy
import sys
from pathlib import Path

from screening import sandbox

HOSTILE = Path(__file__).parents[1] / "intake" / "hostile_child.py"

sandbox._pool = sandbox.Pool(script=HOSTILE, wall_s=float(os.environ.get("FIRSTREAD_WALL_S", sandbox.WALL_S)))
os.register_at_fork(after_in_child=sandbox._pool.after_fork)
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
