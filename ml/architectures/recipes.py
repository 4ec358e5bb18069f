"""How a network is trained, as far as several share it. A module's RECIPE says where it differs."""

# Every knob that ml.train knows.
PLAIN = {
    "classes": 2,
    "optimizer": "adam",  # adam | adamw
    "schedule": "constant",  # constant | cosine | one_cycle
    "learning_rate": 1e-3,  # the peak
    "warmup": 0.0,  # share of all steps until the peak
    "weight_decay": 0.0,  # of adamw
    "label_smoothing": 0.0,
    "mixup": 0.0,  # of the beta distribution that the shares are drawn from; 0: films stay unmixed
    "average": 0.0,  # momentum of the exponential average of the weights, a step; 0: the last weights are judged
    "dropout": 0.0,
    "augment": True,
    "batch": 32,
}

# A network that has seen other pictures, trained on whole: gently, and hard to fool.
FINE_TUNED = PLAIN | {
    "optimizer": "adamw",
    "schedule": "cosine",
    "learning_rate": 4e-4,
    "warmup": 0.1,  # the new head's first gradients would tear the features
    "weight_decay": 1e-4,
    "label_smoothing": 0.05,
    "mixup": 0.2,
    "average": 0.995,
    "dropout": 0.3,
}

# A small network that has seen nothing.
FROM_SCRATCH = PLAIN | {
    "schedule": "cosine",
    "learning_rate": 2e-3,
    "warmup": 0.05,
    "label_smoothing": 0.05,
    "average": 0.99,
    "dropout": 0.3,
}
