"""Everything goes wrong at once: every five seconds a fault, while clients send films and readers claim and sign.

    python -m tests.faults.nemesis --minutes 10 --seed 1

The clients keep their own history, lines of JSON in a folder that no part of FirstRead knows. Afterwards it is judged
against what the ledger holds: what was answered is kept, nobody held what another held, no signature was overwritten.
"""
