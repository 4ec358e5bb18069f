"""Telling people what they did not ask for: in the page, by e-mail, by a site's webhook.

The sweep finds what there is to tell, so that no process that dies can forget it. A notice and its deliveries hold ids
and no patient data; each delivery is a Job, with the lease, the retries and the page of every other one.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from screening.models import (
    Band,
    Batch,
    Job,
    ModelVersion,
    Notice,
    Priority,
    Receipt,
    Role,
    Screening,
    Site,
    Study,
    User,
)

Kind = Notice.Kind
# A batch into which nothing came for so long, and of which nothing is left to do, has ended.
REST = timedelta(minutes=2)
# What happened longer ago is no news: also not after an upgrade, or a long outage.
NEWS = timedelta(days=1)
SHOWN_FOR = timedelta(days=30)
AT_ONCE = 100

SENTENCES = {
    Kind.STAT_LIKELY: gettext_noop("A study of class stat with a likely pneumonia waits for a reader at %(site)s."),
    Kind.BATCH_ENDED: gettext_noop("A batch that you sent to %(site)s has ended: the AI has been through it."),
    Kind.FALSE_NEGATIVE: gettext_noop(
        "A reader at %(site)s found pneumonia on a study that the AI had called less likely."
    ),
}


def sentence(notice):
    """What a notice says. It names the site and no patient."""
    return _(SENTENCES[Kind(notice.kind)]) % {"site": notice.site}


def gather():
    """Tell of everything that has happened and was not told; returns the delivery Jobs to ring for."""
    jobs = []
    for study in _stat_likely():
        jobs += tell(Kind.STAT_LIKELY, study.site, study=study)
    for batch in _ended():
        jobs += tell(Kind.BATCH_ENDED, batch.site, batch=batch)
    return jobs


def _stat_likely():
    """At a site that reads blind nobody is told: it would say what the AI says."""
    told = Notice.objects.filter(kind=Kind.STAT_LIKELY, study=OuterRef("pk"))
    # Named one by one, for the indexes of what waits begin with the site, and every sweep asks.
    sites = list(Site.objects.filter(blind_first=False).values_list("pk", flat=True))
    waiting = Study.objects.filter(site__in=sites, status__in=Study.WAITING, priority=Priority.STAT, band=Band.LIKELY)
    lately = waiting.filter(received_at__gt=Now() - NEWS)
    return lately.exclude(Exists(told)).select_related("site")[:AT_ONCE]


def _ended():
    """Batches of people that have come to rest. A watched folder's goes on, and a cancelled one is known."""
    mine, told = Q(batch=OuterRef("pk")), Notice.objects.filter(kind=Kind.BATCH_ENDED, batch=OuterRef("pk"))
    unscreened = Screening.objects.filter(
        image__receipts__batch=OuterRef("pk"), state__in=Screening.UNSETTLED, model_version__active=True
    )
    at_work = Job.objects.filter(mine, state__in=Job.UNSETTLED)
    receipts = Receipt.objects.filter(mine)
    begun = Batch.objects.filter(state=Batch.State.OPEN, parent=None, created_at__gt=Now() - NEWS)
    of_people = begun.exclude(uploaded_by=None).exclude(source=Batch.Source.WATCH)
    quiet = of_people.filter(Exists(receipts)).exclude(Exists(receipts.filter(created_at__gt=Now() - REST)))
    # Without a model nothing is screened, and a batch would seem to have ended.
    if not ModelVersion.objects.filter(active=True).exists():
        return []
    return quiet.exclude(Exists(told) | Exists(at_work) | Exists(unscreened)).select_related("site")[:AT_ONCE]


@transaction.atomic
def tell(kind, site, *, study=None, batch=None):
    """Note it once, and prepare its deliveries; returns their Jobs, none where it was told before."""
    notice, made = Notice.objects.get_or_create(kind=kind, study=study, batch=batch, defaults={"site": site})
    if not made:
        return []
    urgent = {"priority": study.priority if study else Priority.ROUTINE, "notice": notice}
    mailed = recipients(notice).filter(mail_notices=True).exclude(email="") if settings.MAIL else []
    jobs = [Job(kind=Job.Kind.MAIL, recipient=person, **urgent) for person in mailed]
    if site.webhook_url and site.webhook_key:
        jobs.append(Job(kind=Job.Kind.WEBHOOK, **urgent))
    return Job.objects.bulk_create(jobs)


def recipients(notice):
    """The people whom a notice is for."""
    active = User.objects.filter(is_active=True)
    if notice.kind == Kind.BATCH_ENDED:
        return active.filter(pk=notice.batch.uploaded_by_id)
    role = Role.RADIOLOGIST if notice.kind == Kind.STAT_LIKELY else Role.CLINICAL_LEAD
    return active.filter(roles__contains=[role], sites=notice.site)


def of(user):
    """The notices of the last month that are for this user, the latest first: those that `recipients` gives them."""
    mine = Q(kind=Kind.BATCH_ENDED, batch__uploaded_by=user)
    sites = user.sites.values("pk")
    if user.has_role(Role.RADIOLOGIST):
        mine |= Q(kind=Kind.STAT_LIKELY, site__in=sites)
    if user.has_role(Role.CLINICAL_LEAD):
        mine |= Q(kind=Kind.FALSE_NEGATIVE, site__in=sites)
    return Notice.objects.filter(mine, created_at__gt=Now() - SHOWN_FOR).select_related("site", "study", "batch")


def unseen(user):
    """Those of them that came since the user looked last."""
    return of(user).filter(created_at__gt=user.notices_seen_at)


def seen(user, until):
    """The user has seen everything up to the instant `until`."""
    User.objects.filter(pk=user.pk, notices_seen_at__lt=until).update(notices_seen_at=until)
