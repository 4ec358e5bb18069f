"""Every address of the portal. Addresses hold ids and filters, never patient data."""

from django.urls import include, path

from webportal.api.docs import Docs, Schema
from webportal.views import (
    account,
    batches,
    health,
    home,
    images,
    models,
    operations,
    pictures,
    reading,
    sites,
    studies,
    upload,
    users,
)
from webportal.views import worklist as worklists

urlpatterns = [
    path("", home.home, name="home"),
    # One's own account.
    path("login/", account.Login.as_view(), name="login"),
    path("logout/", account.Logout.as_view(), name="logout"),
    path("password/", account.PasswordChange.as_view(), name="password_change"),
    # The worklist.
    path("worklist/", worklists.show, name="worklist"),
    path("worklist/next", worklists.next_study, name="next_study"),
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
    # Sending films.
    path("upload/", upload.upload, name="upload"),
    path("batches/<uuid:pk>/", batches.batch, name="batch"),
    path("batches/<uuid:pk>/trial", batches.trial, name="batch_trial"),
    path("batches/<uuid:pk>/confirm", batches.confirm, name="batch_confirm"),
    path("batches/<uuid:pk>/discard", batches.discard, name="batch_discard"),
    path("batches/<uuid:pk>/cancel", batches.cancel, name="batch_cancel"),
    path("batches/<uuid:pk>/retry", batches.retry, name="batch_retry"),
    # Pictures, through the permission check.
    path("images/<uuid:pk>/correct", pictures.correct_view, name="image_correct"),
    path("images/<uuid:pk>/decode", pictures.decode_again, name="image_decode"),
    path("images/<uuid:pk>/explain", images.explain, name="image_explain"),
    path("images/<uuid:pk>/<slug:rendition>", images.view, name="image_view"),
    path("explanations/<uuid:pk>", images.explanation, name="explanation"),
    # Operations.
    path("operations/", operations.show, name="operations"),
    path("operations/retry", operations.retry, name="operations_retry"),
    path("operations/jobs/<slug:kind>/retry", operations.retry_jobs, name="operations_retry_jobs"),
    path("operations/flower-auth", operations.flower_auth, name="flower_auth"),
    # Model versions.
    path("models/", models.index, name="models"),
    path("models/changed", models.changed, name="models_changed"),
    path("models/rollback", models.roll_back, name="models_roll_back"),
    path("models/<uuid:pk>/", models.show, name="model"),
    path("models/<uuid:pk>/report", models.report, name="model_report"),
    path("models/<uuid:pk>/promote", models.promote, name="model_promote"),
    path("models/<uuid:pk>/shadow", models.shadow, name="model_shadow"),
    path("models/<uuid:pk>/rescreen", models.rescreen, name="model_rescreen"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    # Users and sites.
    path("users/", users.index, name="users"),
    path("users/new", users.create, name="user_new"),
    path("users/<uuid:pk>/", users.show, name="user"),
    path("users/<uuid:pk>/password", users.reset_password, name="user_password"),
    path("users/<uuid:pk>/deactivate", users.deactivate, name="user_deactivate"),
    path("users/<uuid:pk>/activate", users.activate, name="user_activate"),
    path("sites/", sites.index, name="sites"),
    path("sites/new", sites.create, name="site_new"),
    path("sites/<uuid:pk>/", sites.show, name="site"),
    # The API.
    path("api/v1/", include("webportal.api.urls")),
    path("api/schema", Schema.as_view(), name="api_schema"),
    path("api/docs", Docs.as_view(), name="api_docs"),
]
