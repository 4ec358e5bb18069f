"""Normal, bacterial, viral: figures of the three-class output. Research only: it orders nothing and names no band."""

import numpy as np
from sklearn.metrics import roc_auc_score

from ml import metrics
from ml.listing import THREE_CLASSES

BACTERIAL, VIRAL = 1, 2
NAMES = tuple(name.lower() for name in THREE_CLASSES)


def figures(scored) -> dict | None:
    """Of a `Scored` as plain JSON: accuracy, the share found of each class, confusion, AUC bacterial against viral.

    None unless the model tells three classes apart and the films say which they are.
    """
    if scored.classes is None or scored.subtypes is None:
        return None
    found = scored.classes.argmax(axis=1)
    table = np.zeros((len(NAMES), len(NAMES)), dtype=int)
    np.add.at(table, (scored.subtypes, found), 1)
    return {
        "accuracy": metrics.rate(int(np.trace(table)), int(table.sum())),
        "found": {name: metrics.rate(int(table[i, i]), int(table[i].sum())) for i, name in enumerate(NAMES)},
        "confusion": {name: dict(zip(NAMES, map(int, table[i]), strict=True)) for i, name in enumerate(NAMES)},
        "bacterial_or_viral_auc": _pneumonias(scored),
    }


def _pneumonias(scored) -> dict | None:
    """AUC of P(viral) against P(bacterial) among the films with pneumonia, by patient."""
    sick = scored.subtypes > 0
    viral = (scored.subtypes[sick] == VIRAL).astype(int)
    if len(set(viral.tolist())) < 2:
        return None
    share = scored.classes[sick][:, VIRAL] / np.maximum(scored.classes[sick][:, [BACTERIAL, VIRAL]].sum(1), 1e-12)
    ends = metrics.auc_interval(viral, share, scored.patients[sick])
    return {"value": round(float(roc_auc_score(viral, share)), 4), "interval": [round(end, 4) for end in ends]}
