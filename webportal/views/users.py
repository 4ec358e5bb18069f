"""Users, for administrators: who may log in, in which roles, at which sites."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from screening import permissions
from screening.models import Role, Site, User
from webportal import administration
from webportal.views.access import allowed

ROLES = [
    (Role.TECHNOLOGIST, _("Technologist: sends films, withdraws and restores studies")),
    (Role.RADIOLOGIST, _("Radiologist: claims, reads and signs studies")),
    (Role.CLINICAL_LEAD, _("Clinical lead: sees the worklist and all reads")),
    (Role.RESULTS, _("Results: sees and takes along what was signed at the own sites; sees no films by this role")),
    (Role.ADMINISTRATOR, _("Administrator: users, sites and operations; sees no films by this role")),
]


class AccessForm(forms.ModelForm):
    """Roles and sites."""

    roles = forms.MultipleChoiceField(choices=ROLES, required=False, widget=forms.CheckboxSelectMultiple)
    sites = forms.ModelMultipleChoiceField(
        Site.objects.all(), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("Only their studies show.")
    )

    class Meta:
        model = User
        fields = ("roles", "sites")


class NewUserForm(AccessForm):
    """A new login."""

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "roles", "sites")
        labels = {"username": _("Name to log in with")}
        help_texts = {"username": _("Letters, digits and @ . + - _")}


@require_GET
@allowed(permissions.may_administer)
def index(request):
    """All users, the active first."""
    users = User.objects.prefetch_related("sites").order_by("-is_active", "username")
    return render(request, "webportal/users.html", {"users": users, "roles": dict(Role.choices)})


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_administer)
@never_cache
def create(request):
    """A new user; the initial password is on the answer, and nowhere else."""
    form = NewUserForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return render(request, "webportal/user_new.html", {"form": form})
    user, access = form.instance, (form.cleaned_data["roles"], form.cleaned_data["sites"])
    try:
        password = administration.create_user(user, *access, actor=request.user)
    except ValidationError as error:
        form.add_error(None, error)
        return render(request, "webportal/user_new.html", {"form": form})
    return render(request, "webportal/user_password.html", {"person": user, "password": password, "created": True})


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_administer)
def show(request, pk):
    """One user: roles, sites, password, and whether the login is active."""
    person = get_object_or_404(User, pk=pk)
    # The form writes into its instance while it checks; the domain compares with what the user holds.
    form = AccessForm(request.POST or None, instance=get_object_or_404(User, pk=pk))
    if request.method == "POST" and form.is_valid():
        access = form.cleaned_data["roles"], form.cleaned_data["sites"]
        return _done(
            request, person, _("Saved; it holds from the next request on."), administration.set_access, *access
        )
    return render(request, "webportal/user.html", {"person": person, "form": form, "self": person == request.user})


def _done(request, person, sentence, act, *arguments):
    """Do it, and say so; or say why it was refused."""
    try:
        act(person, *arguments, actor=request.user)
        messages.success(request, sentence)
    except administration.Refused as refused:
        messages.warning(request, refused.sentence)
    return redirect("user", person.pk)


@require_POST
@allowed(permissions.may_administer)
@never_cache
def reset_password(request, pk):
    """A new random password, on the answer and nowhere else."""
    person = get_object_or_404(User, pk=pk)
    password = administration.reset_password(person, actor=request.user)
    return render(request, "webportal/user_password.html", {"person": person, "password": password})


@require_POST
@allowed(permissions.may_administer)
def deactivate(request, pk):
    person = get_object_or_404(User, pk=pk)
    return _done(request, person, _("Deactivated: every session and token has ended."), administration.deactivate)


@require_POST
@allowed(permissions.may_administer)
def activate(request, pk):
    person = get_object_or_404(User, pk=pk)
    return _done(
        request, person, _("Activated: the login works again, with the old password."), administration.activate
    )
