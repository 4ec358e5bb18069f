"""Logging in and out, and changing one's own password; each leaves an Event."""

from datetime import timedelta
from ipaddress import ip_address

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import forms
from django.contrib.auth import views as auth
from django.db.models.functions import Now
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from knox.models import AuthToken

from screening.models import Event
from webportal import administration

# Above any department behind one router, below what guessing needs. A name is locked much earlier, by django-axes.
FAILURES_AN_ADDRESS, WINDOW = 100, timedelta(minutes=15)


def address(request):
    """The client's address, or None; behind the proxy, which writes X-Forwarded-For anew, the one it names last."""
    named = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_TLS else ""
    try:
        return str(ip_address(named.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None


def too_many_failures(whence):
    """Whether so many logins have failed from this address of late that none is tried any more.

    Counted in the history, so that all portal processes, the page and the API count together.
    """
    failed = Event.objects.filter(kind=Event.Kind.LOGIN_FAILED, at__gt=Now() - WINDOW, address=whence)
    return failed[:FAILURES_AN_ADDRESS].count() == FAILURES_AN_ADDRESS


class Login(auth.LoginView):
    template_name = "webportal/login.html"
    redirect_authenticated_user = True

    def post(self, request, *args, **kwargs):
        if too_many_failures(address(request)):
            return render(request, "webportal/locked.html", {"by_address": True}, status=429)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form):
        answer = super().form_valid(form)
        Event.note(Event.Kind.LOGIN, actor=self.request.user, address=address(self.request))
        return answer

    def form_invalid(self, form):
        # The name is left out: people type passwords into the wrong field.
        Event.note(Event.Kind.LOGIN_FAILED, address=address(self.request))
        return super().form_invalid(form)


class Logout(auth.LogoutView):
    def post(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            Event.note(Event.Kind.LOGOUT, actor=request.user, address=address(request))
        answer = super().post(request, *args, **kwargs)
        # Films do not stay in the browser of a shared workstation.
        answer["Clear-Site-Data"] = '"cache"'
        return answer


class PasswordForm(forms.PasswordChangeForm):
    def save(self, commit=True):
        # This column alone: a role or a login that was taken away meanwhile stays taken away.
        super().save(commit=False).save(update_fields=["password"])
        return self.user


class PasswordChange(auth.PasswordChangeView):
    form_class = PasswordForm
    template_name = "webportal/password_change.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form):
        answer = super().form_valid(form)
        Event.note(Event.Kind.PASSWORD, actor=self.request.user, address=address(self.request))
        administration.forget_first_password(self.request.user)
        # Whoever learnt the old password must not go on by a token.
        AuthToken.objects.filter(user=self.request.user).delete()
        messages.success(self.request, _("Your password is changed."))
        return answer
