"""Who may do what: one function a rule. Views ask it, and templates hide buttons by the same function.

A study of a site that is not the user's does not exist for that user: views answer 404, never 403.
Administrators run the house; they see no film unless they are also a reader or a technologist of its site.
"""

from screening.models import Batch, Role, Site, Study

TECHNOLOGIST, RADIOLOGIST = Role.TECHNOLOGIST, Role.RADIOLOGIST
ADMINISTRATOR, CLINICAL_LEAD = Role.ADMINISTRATOR, Role.CLINICAL_LEAD
RESULTS = Role.RESULTS
SEES_FILMS = (TECHNOLOGIST, RADIOLOGIST, CLINICAL_LEAD)


def sites_of(user):
    """The sites this user belongs to."""
    return user.sites.all()


def visible_studies(user):
    """The studies this user may open: those of the user's sites, for whoever sees films."""
    if not user.has_role(*SEES_FILMS):
        return Study.objects.none()
    return Study.objects.filter(site__in=sites_of(user))


def belongs_to(user, site):
    return user.sites.filter(pk=site.pk).exists()


def may_see_study(user, study):
    return user.has_role(*SEES_FILMS) and belongs_to(user, study.site)


def may_upload(user, site=None):
    """Technologists send films; a reader may send one too."""
    return user.has_role(TECHNOLOGIST, RADIOLOGIST) and (site is None or belongs_to(user, site))


def may_see_worklist(user):
    return user.has_role(RADIOLOGIST, CLINICAL_LEAD)


def may_read(user, study=None):
    """Claim, read and sign."""
    return user.has_role(RADIOLOGIST) and (study is None or belongs_to(user, study.site))


def may_end_claim(user, study=None):
    """End somebody else's claim: administrators everywhere, the clinical lead at the own sites."""
    if may_administer(user):
        return True
    return user.has_role(CLINICAL_LEAD) and (study is None or belongs_to(user, study.site))


def may_switch_order(user, site=None):
    """Switch the AI order of a site off and on at once: its clinical lead. Administrators do it on the site's page."""
    return user.has_role(CLINICAL_LEAD) and (site is None or belongs_to(user, site))


def may_see_results(user, site=None):
    """What was signed at a site, as a list: for those who treat by it. Reading there is not enough."""
    return user.has_role(RESULTS, CLINICAL_LEAD) and (site is None or belongs_to(user, site))


def may_see_reads(user):
    """Findings are for those who treat by them, not for those who send films."""
    return user.has_role(RADIOLOGIST, CLINICAL_LEAD)


def may_change_priority(user, study):
    return may_see_study(user, study) and study.status in Study.WAITING


def may_withdraw(user, study):
    return user.has_role(TECHNOLOGIST) and belongs_to(user, study.site) and study.status in Study.WAITING


def may_restore(user, study):
    return user.has_role(TECHNOLOGIST) and belongs_to(user, study.site) and study.status == Study.Status.WITHDRAWN


def may_correct_view(user, study):
    """Say which view a picture is, or have it decoded again: while nobody has read or withdrawn its study."""
    handled = user.has_role(TECHNOLOGIST, RADIOLOGIST) and belongs_to(user, study.site)
    return handled and study.status in Study.ON_WORKLIST


def may_handle_batch(user, batch):
    """Cancel a batch or have it tried again: whoever sent it, and the technologists of its site."""
    sent = batch.uploaded_by_id == user.pk and may_upload(user)
    return (sent or user.has_role(TECHNOLOGIST)) and belongs_to(user, batch.site)


def may_cancel_batch(user, batch):
    return may_handle_batch(user, batch) and batch.state in (Batch.State.OPEN, Batch.State.CONFIRMING)


def may_retry_batch(user, batch):
    return may_handle_batch(user, batch) and batch.state in (
        Batch.State.OPEN,
        Batch.State.CANCELLED,
        Batch.State.CONFIRMING,
    )


def may_confirm(user, batch):
    """Confirm a dry run, or discard it: whoever began it."""
    sent = batch.uploaded_by_id == user.pk and may_upload(user, batch.site)
    return sent and batch.state == Batch.State.TRIAL


def may_administer(user):
    """Users, sites, models, workers."""
    return user.has_role(ADMINISTRATOR)


def may_see_turnaround(user):
    """How long studies took: figures, and no patient's data, so administrators see them too."""
    return user.has_role(ADMINISTRATOR, CLINICAL_LEAD, RADIOLOGIST)


def sites_of_turnaround(user):
    """The sites whose turn-around this user sees: the own ones; an administrator of none sees all of them."""
    if may_administer(user) and not sites_of(user).exists():
        return Site.objects.all()
    return sites_of(user)


def may_simulate(user):
    """Try an order of the worklist in a simulated reading room: those who decide about it."""
    return user.has_role(ADMINISTRATOR, CLINICAL_LEAD)


class Menu:
    """The rules that need no study, as templates ask them: `{% if may.upload %}`."""

    def __init__(self, user):
        self.user = user

    @property
    def upload(self):
        return may_upload(self.user)

    @property
    def worklist(self):
        return may_see_worklist(self.user)

    @property
    def read(self):
        return may_read(self.user)

    @property
    def agreement(self):
        return may_see_reads(self.user)

    @property
    def studies(self):
        return self.user.has_role(*SEES_FILMS)

    @property
    def results(self):
        return may_see_results(self.user)

    @property
    def turnaround(self):
        return may_see_turnaround(self.user)

    @property
    def simulate(self):
        return may_simulate(self.user)

    @property
    def administer(self):
        return may_administer(self.user)
