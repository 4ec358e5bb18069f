"""Notices: what a person is told of, in the page and by e-mail."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from screening import notices
from screening.models import User
from webportal.views.access import allowed, anyone

PAGE_SIZE = 50


class MailForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("mail_notices", "email")
        labels = {"mail_notices": gettext_lazy("Tell me by e-mail too"), "email": gettext_lazy("E-mail address")}

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("mail_notices") and not cleaned.get("email"):
            self.add_error("email", _("Give the address that the notices go to."))
        return cleaned


@require_http_methods(["GET", "POST"])
@allowed(anyone)
def index(request):
    """The notices of the last month; looking at them makes them old. POST says whether they come by e-mail."""
    form = MailForm(request.POST if request.method == "POST" else None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        # These columns alone: a role or a login that was taken away meanwhile stays taken away.
        form.save(commit=False).save(update_fields=form.Meta.fields)
        messages.success(request, _("Saved."))
        return redirect("notices")
    shown = list(notices.of(request.user)[:PAGE_SIZE])
    context = {
        "notices": [(notice, notices.sentence(notice)) for notice in shown],
        "since": request.user.notices_seen_at,
        "form": form,
        "mails": bool(settings.MAIL),
    }
    answer = render(request, "webportal/notices.html", context)
    if shown:
        notices.seen(request.user, shown[0].created_at)
    return answer


@require_GET
@allowed(anyone)
def bell(request):
    """How many are new, for the line on top; and what the newest says, where it came since the page `had` asked."""
    new = notices.unseen(request.user)
    newest = new.first()
    had = request.GET.get("had")
    told = newest if newest and had is not None and had != str(newest.pk) else None
    context = {"count": new.count(), "newest": newest, "told": told, "sentence": told and notices.sentence(told)}
    return render(request, "webportal/_bell.html", context)


@require_GET
@allowed(anyone)
def follow(request, pk):
    """To what a notice is about: where the link of an e-mail leads."""
    notice = get_object_or_404(notices.of(request.user), pk=pk)
    return redirect("batch", notice.batch_id) if notice.batch_id else redirect("study", notice.study_id)
