# The environment's name for the card whose model the rivals serve.
CARD = "FIRSTREAD_BENCH_CARD"
