"""Ways to run a model. Each module has `load(card)`, whose result has `predict` and `explain`."""
