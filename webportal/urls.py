"""Every address of the portal. Addresses hold ids and filters, never patient data."""

from django.urls import path

from webportal.views import account, home, images, reading, studies, worklist

urlpatterns = [
    path("", home.home, name="home"),
    # One's own account.
    path("login/", account.Login.as_view(), name="login"),
    path("logout/", account.Logout.as_view(), name="logout"),
    path("password/", account.PasswordChange.as_view(), name="password_change"),
    # The worklist.
    path("worklist/", worklist.show, name="worklist"),
    path("worklist/next", worklist.next_study, name="next_study"),
    # Studies: looking, reading, handling.
    path("studies/", studies.index, name="studies"),
    path("studies/<uuid:pk>/", studies.show, name="study"),
    path("studies/<uuid:pk>/ai", studies.ai, name="study_ai"),
    path("studies/<uuid:pk>/claim", reading.claim, name="claim"),
    path("studies/<uuid:pk>/release", reading.release, name="release"),
    path("studies/<uuid:pk>/draft", reading.draft, name="draft"),
    path("studies/<uuid:pk>/sign", reading.sign, name="sign"),
    path("studies/<uuid:pk>/addend", reading.addend, name="addend"),
    path("studies/<uuid:pk>/class", studies.change_priority, name="change_priority"),
    path("studies/<uuid:pk>/withdraw", studies.withdraw, name="withdraw"),
    path("studies/<uuid:pk>/restore", studies.restore, name="restore"),
    path("studies/<uuid:pk>/retry", studies.retry, name="retry"),
    # Pictures, through the permission check.
    path("images/<uuid:pk>/explain", images.explain, name="image_explain"),
    path("images/<uuid:pk>/<slug:rendition>", images.view, name="image_view"),
    path("explanations/<uuid:pk>", images.explanation, name="explanation"),
]
