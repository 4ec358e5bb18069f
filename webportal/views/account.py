"""Logging in and out, and changing one's own password; each leaves an Event."""

from django.contrib import messages
from django.contrib.auth import views as auth
from django.urls import reverse_lazy

from screening.models import Event


def address(request):
    """The address the request came from; behind a proxy gunicorn has already put the client's there."""
    return request.META.get("REMOTE_ADDR") or None


class Login(auth.LoginView):
    template_name = "webportal/login.html"
    redirect_authenticated_user = True

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


class PasswordChange(auth.PasswordChangeView):
    template_name = "webportal/password_change.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form):
        answer = super().form_valid(form)
        Event.note(Event.Kind.PASSWORD, actor=self.request.user, address=address(self.request))
        messages.success(self.request, "Your password is changed.")
        return answer
