"""The strip above the worklist: what the order is, what it costs, and whether the AI is there."""

from django.db.models import Q, Subquery
from django.utils.translation import gettext as _

from screening import hours, order, places, wording
from screening.models import Heartbeat, ModelVersion
from workers import heartbeat

# Above this share of studies past their limit the limits order the list, and the AI does not.
SHARE = 0.05


def strip(sites, tally):
    """What the strip says of these Sites and their Tally."""
    opened = [(site, hours.of(site).resumes(tally.now)) for site in sites]
    received_at, cap_at = tally.oldest or (None, None)
    return {
        "policies": sorted({str(order.policy(site).label).lower() for site in sites}),
        "version": order.VERSION,
        "oldest_waited": tally.oldest and tally.now - received_at,
        "oldest_limit": tally.oldest and cap_at - received_at,
        "past_limit": tally.past_limit,
        "by_limit": _by_limit(tally),
        "switched_off": [site for site in sites if not site.ai_order],
        "closed": [(site, resumes) for site, resumes in opened if resumes],
        "ai": ai_offline(),
    }


def _by_limit(tally):
    """How much of the list is past its limit, in words, where that is so much that the limits order it; else ""."""
    known = min(tally.waiting, places.SHARED)
    if tally.past_limit <= SHARE * known:
        return ""
    if tally.waiting <= places.SHARED:
        return f"{100 * tally.past_limit / tally.waiting:.0f} %"
    known = wording.thousands(min(tally.past_limit, places.SHARED))
    # Translators: %(n)s studies, and more.
    return _("%(n)s and more") % {"n": known} if tally.past_limit > places.SHARED else known


def ai_offline():
    """None while a model worker lives with the active model; else since when there is none, and what a worker says."""
    active = ModelVersion.objects.filter(active=True).values("card_sha256")[:1]
    lives = Q(pk__in=heartbeat.alive("model").values("pk"))
    beats = list(
        Heartbeat.objects.filter(kind="model").order_by("-seen_at").annotate(lives=lives, active=Subquery(active))
    )
    alive = [beat for beat in beats if beat.lives]
    if any(beat.active in beat.loaded for beat in alive):
        return None
    problem = next((beat.problem for beat in alive if beat.problem), "")
    return {"since": beats[0].seen_at if beats else None, "problem": problem}
