"""A model version as pages say it: state, figures, card. Read from the card as it was kept, whatever its schema."""

from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from ml.card import share_with_pneumonia
from screening.models import Band, ModelVersion, Site

# (key in the card's figures, what a person calls it)
FIGURES = [
    ("auc", "AUC"),
    ("sensitivity", gettext_lazy("Sensitivity")),
    ("specificity", gettext_lazy("Specificity")),
    ("accuracy", gettext_lazy("Accuracy")),
    ("precision", gettext_lazy("Precision")),
]


@dataclass
class ModelCard:
    """One version; `card` is JSON that may be of an earlier release, so nothing in it is taken for granted."""

    version: ModelVersion

    @property
    def card(self):
        return self.version.card

    @property
    def state(self):
        """What the version does now: active, shadow, replaced (it was active), available."""
        if self.version.active:
            return "active"
        if self.version.shadow:
            return "shadow"
        return "replaced" if self.version.activated_at else "available"

    @property
    def ages(self):
        found = self.card.get("age_range")
        if not found:
            return _("any age")
        return _("%(low)s to %(high)s years") % {"low": found[0], "high": found[1]}

    @property
    def architecture(self):
        """`mobilenetv2`, or `ensemble of mobilenetv2, resnet50`, each with the side of its input."""
        members = self.card.get("members") or [
            {"architecture": self.version.architecture, "side": self.card.get("input_side")}
        ]
        # Translators: a network and the side of its input in pixels: "mobilenetv2 at 224 px".
        one = _("%(network)s at %(side)s px")
        names = ", ".join(one % {"network": each["architecture"], "side": each["side"]} for each in members)
        return _("ensemble of %(networks)s") % {"networks": names} if len(members) > 1 else names

    @cached_property
    def figures(self):
        """[(name, value, (low, high) or None)] on validation patients."""
        found = self.card.get("figures") or {}
        rows = [(words, *_figure(found, key)) for key, words in FIGURES]
        return [row for row in rows if row[1] is not None]

    @property
    def calibration(self):
        """[(name, before, after)] of the calibration error (ECE) and the Brier score."""
        found = self.card.get("calibration") or {}
        before, after = found.get("before") or {}, found.get("after") or self.card.get("figures") or {}
        rows = [(_("Calibration error (ECE)"), "ece"), (_("Brier score"), "brier")]
        return [(words, before.get(key), after.get(key)) for words, key in rows if after.get(key) is not None]

    @property
    def points(self):
        """[(what a score from there on means, score 0 to 100)]."""
        points = self.card.get("operating_points") or {}
        words = {"likely": pgettext("band", "likely, from"), "uncertain": pgettext("band", "uncertain, from")}
        return [(words[key], 100 * points[key]) for key in words if key in points]

    def worth(self):
        """[(prevalence, names of the sites that have it, [share with pneumonia of each band, the likeliest first])]."""
        rates = self.card.get("band_rates") or {}
        if not rates:
            return []
        by_prevalence = {}
        for site in Site.objects.filter(demo=False):
            by_prevalence.setdefault(site.prevalence, []).append(site.name)
        return [
            (prevalence, ", ".join(names), [share_with_pneumonia(rates[band], prevalence) for band in Band.values])
            for prevalence, names in sorted(by_prevalence.items())
        ]

    @property
    def data(self):
        """[(what, words)] of the films it learned from and how validation was set apart."""
        data, split = self.card.get("data") or {}, self.card.get("split") or {}
        training, validation = split.get("training") or {}, split.get("validation") or {}
        local = self.card.get("calibration_data") or {}
        rows = [
            (_("Films"), data.get("name")),
            (_("Learned from"), _films(training) or _films(data)),
            (_("Validated on"), _validated(validation, split)),
            (_("Left out for other tests"), _films({"films": data.get("left_out")})),
            (_("Calibrated on"), _films(local)),
            (_("Calibration"), _calibration(self.card)),
            (_("Manifest"), data.get("manifest_sha256", "")[:12]),
        ]
        return [(what, words) for what, words in rows if words]

    @property
    def false_reject(self):
        """Of films that it should know, the share that its domain turns away: (value, interval) or None."""
        found = (self.card.get("domain") or {}).get("false_reject")
        return found and (found.get("value"), found.get("interval"))


def _figure(figures, key):
    found = figures.get(key)
    if isinstance(found, dict):
        return found.get("value"), found.get("interval")
    return found, (figures.get("intervals") or {}).get(key)


def _calibration(card):
    """`temperature 0.56; by itself the network assumes 14 % pneumonia`, or nothing."""
    temperature, assumed = card.get("temperature"), card.get("calibration_prevalence")
    if temperature is None or assumed is None:
        return ""
    sentence = _("temperature %(temperature)s; by itself the network assumes %(assumed)s %% pneumonia")
    return sentence % {"temperature": f"{temperature:.2f}", "assumed": f"{100 * assumed:.0f}"}


def _films(counted):
    films, patients = counted.get("films"), counted.get("patients")
    if films and patients:
        return _("%(films)s films of %(patients)s patients") % {"films": films, "patients": patients}
    return _("%(films)s films") % {"films": films} if films else ""


def _validated(validation, split):
    films = _films(validation)
    # Translators: %(by)s is what keeps validation apart from training: "patient" or "file", as the card has it.
    return films and _("%(films)s, apart by %(by)s") % {"films": films, "by": split.get("by", "file")}
