"""A simulated department as a form with sliders, and how much of it is simulated."""

from dataclasses import dataclass, replace

from django import forms
from django.utils.translation import gettext_lazy as _

from screening import simulation

# So many films, each read under every order with the model's scores and with worthless ones, take about two seconds.
MOST_FILMS = 40_000
FEWEST_SEEDS = 2  # the intervals are over them


def _slider(kind, label, low, high, step, initial):
    box = forms.NumberInput(attrs={"step": step, "inputmode": "decimal"})
    return kind(label=label, min_value=low, max_value=high, initial=initial, widget=box)


def _number(*about):
    return _slider(forms.FloatField, *about)


def _whole(*about):
    return _slider(forms.IntegerField, *about)


class WorldForm(forms.Form):
    """A department: shares in per cent, waits in minutes. What is not said is as `simulation.World` has it."""

    day_rate = _number(_("Films an hour, 8 to 20"), 0, 40, 0.5, 12)
    night_rate = _number(_("Films an hour by night"), 0, 40, 0.5, 3)
    # xgettext:no-python-format
    stat = _number(_("Stat, % of films"), 0, 60, 1, 10)
    # xgettext:no-python-format
    prevalence = _number(_("With pneumonia, % of films"), 1, 60, 1, 20)
    read_minutes = _number(_("Minutes a read takes"), 1, 30, 0.5, 7)
    readers = _whole(_("Readers at once"), 1, 8, 1, 1)
    opens = _whole(_("Reading begins, hour of the day"), 0, 23, 1, 0)
    closes = _whole(_("Reading ends, hour of the day"), 1, 24, 1, 24)
    cap_stat = _number(_("Limit for stat, minutes"), 15, 480, 15, 60)
    cap_routine = _number(_("Limit for routine, minutes"), 15, 2880, 15, 480)
    days = _whole(_("Days"), 5, 120, 5, 20)
    seeds = _whole(_("Times over, with other films"), FEWEST_SEEDS, 20, 1, 10)

    def __init__(self, data):
        said = {name: value for name, value in data.items() if value != ""}
        super().__init__({name: field.initial for name, field in self.base_fields.items()} | said)

    def clean(self):
        said = super().clean()
        if not self.errors and said["closes"] <= said["opens"]:
            self.add_error("closes", _("Reading ends after it begins: choose a later hour."))
        if not self.errors and not said["day_rate"] + said["night_rate"]:
            self.add_error("day_rate", _("Some films have to arrive: choose more than 0."))
        return said

    def wish(self):
        """The Wish of a valid form."""
        said = self.cleaned_data
        same = {name: said[name] for name in ("day_rate", "night_rate", "read_minutes", "readers", "days")}
        shares = {"stat_share": said["stat"] / 100, "prevalence": said["prevalence"] / 100}
        caps = {"cap_stat": said["cap_stat"], "cap_routine": said["cap_routine"]}
        return Wish(simulation.World(hours=(said["opens"], said["closes"]), **same, **shares, **caps), said["seeds"])


@dataclass(frozen=True)
class Wish:
    """A world that is simulated `seeds` times over."""

    world: simulation.World
    seeds: int

    @property
    def films(self):
        """About how many films that is."""
        return round(self.world.films_a_day * self.world.days * self.seeds)

    def granted(self):
        """The same with MOST_FILMS at most: fewer times over first, then fewer days."""
        seeds = max(FEWEST_SEEDS, min(self.seeds, int(MOST_FILMS / (self.world.films_a_day * self.world.days))))
        days = max(1, min(self.world.days, int(MOST_FILMS / (self.world.films_a_day * seeds))))
        return Wish(replace(self.world, days=days), seeds)
