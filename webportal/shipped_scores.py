"""The validation scores that lie beside a shipped model's card, as the simulation resamples them."""

import csv
from functools import cache

import numpy as np
from django.utils.translation import gettext as _

from ml import registry
from ml.data import DataError


@cache
def validation_scores(model="default"):
    """(card, (p of films with pneumonia, p of the others, upper end of the band less likely)).

    p is calibrated at the reference prevalence. Raises DataError with a sentence.
    """
    card = registry.load_card(model)
    path = card.weights_path.with_name(f"{card.name}.validation.csv")
    try:
        with path.open(newline="") as file:
            rows = [(row["label"] == "PNEUMONIA", float(row["p"])) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        sentence = _("The validation scores of model %(model)s cannot be read from %(file)s.")
        raise DataError(sentence % {"model": model, "file": path.name}) from error
    sick, other = (np.array([p for label, p in rows if label is wanted]) for wanted in (True, False))
    return card, (sick, other, card.operating_points["uncertain"])
