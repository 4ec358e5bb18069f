"""Finding before score: what the AI says is hidden from those whose own finding comes first.

Two are meant: the readers of a blind-first site, until they have a finding; and whoever may still read a signed study
a second time. Every page, list and answer that says something of the AI asks here. The order of the worklist stays as
it is.
"""

from django.db.models import Exists, OuterRef

from screening import permissions, second_reads
from screening.models import Draft, SecondRead, Study


def hidden(user):
    """The studies (a queryset) whose AI answer is hidden from this user now."""
    if not permissions.may_read(user):
        return Study.objects.none()
    decided = Draft.objects.filter(study=OuterRef("pk"), reader=user).exclude(blind_finding="")
    blind = Study.objects.filter(site__in=permissions.sites_of(user), site__blind_first=True)
    blind = blind.filter(~Exists(decided), status__in=Study.ON_WORKLIST)
    second = second_reads.permitted(user).filter(stage=SecondRead.Stage.SECOND)
    # A union: an OR of the two would read every study of the user's sites.
    return Study.objects.filter(pk__in=blind.values("pk").union(second.order_by().values("study"), all=True))


def hides_ai(study, user):
    """Whether this user may not see yet what the AI says of the study."""
    return study.pk in hidden_ids([study], user)


def hidden_ids(studies, user):
    """Of these studies (with their sites), the ids of those whose AI answer is hidden from the user: a set."""
    asked = [study.pk for study in studies if study.status == Study.Status.READ or _waits_blind(study)]
    return set(hidden(user).filter(pk__in=asked).values_list("pk", flat=True)) if asked else set()


def _waits_blind(study):
    return study.site.blind_first and study.status in Study.ON_WORKLIST
