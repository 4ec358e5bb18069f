"""Every address of the portal. Addresses hold ids and filters, never patient data."""

from django.urls import include, path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from webportal.api.docs import Docs, Schema
from webportal.views import (
    account,
    batches,
    claims,
    health,
    home,
    images,
    models,
    notices,
    operations,
    pictures,
    reading,
    results,
    second_reads,
    simulation,
    sites,
    studies,
    turnaround,
    upload,
    users,
    webhooks,
    words,
    worklist_acts,
)
from webportal.views import worklist as worklists

# While the database is away: 503, and no traceback.
handler500 = "webportal.views.faults.fault"

urlpatterns = [
    path("", home.home, name="home"),
    # One's own account.
    path("login/", account.Login.as_view(), name="login"),
    path("logout/", account.Logout.as_view(), name="logout"),
    path("password/", account.PasswordChange.as_view(), name="password_change"),
    # The language of the pages.
    path("language/", require_POST(set_language), name="set_language"),
    path("words/<slug:language>", words.catalogue, name="words"),
    # What people are told.
    path("notices/", notices.index, name="notices"),
    path("notices/bell", notices.bell, name="notices_bell"),
    path("notices/<uuid:pk>", notices.follow, name="notice"),
    # The worklist.
    path("worklist/", worklists.show, name="worklist"),
    path("worklist/next", worklists.next_study, name="next_study"),
    path("views/", worklist_acts.save_view, name="view_save"),
    path("views/<uuid:pk>/delete", worklist_acts.delete_view, name="view_delete"),
    path("worklist/ahead", images.films_ahead, name="films_ahead"),
    # Studies: looking, reading, handling.
    path("studies/", studies.index, name="studies"),
    path("studies/<uuid:pk>/", studies.show, name="study"),
    path("studies/<uuid:pk>/ai", studies.ai, name="study_ai"),
    path("studies/<uuid:pk>/claim", reading.claim, name="claim"),
    path("studies/<uuid:pk>/release", reading.release, name="release"),
    path("studies/<uuid:pk>/draft", reading.draft, name="draft"),
    path("studies/<uuid:pk>/sign", reading.sign, name="sign"),
    path("studies/<uuid:pk>/addend", reading.addend, name="addend"),
    path("studies/<uuid:pk>/show-ai", reading.show_ai, name="show_ai"),
    path("studies/<uuid:pk>/hand-over", claims.hand_over, name="hand_over"),
    path("studies/<uuid:pk>/end-claim", claims.end, name="end_claim"),
    path("reads/<uuid:pk>/why", reading.say_why, name="say_why"),
    path("studies/<uuid:pk>/class", studies.change_priority, name="change_priority"),
    path("studies/<uuid:pk>/withdraw", studies.withdraw, name="withdraw"),
    path("studies/<uuid:pk>/restore", studies.restore, name="restore"),
    path("studies/<uuid:pk>/retry", studies.retry, name="retry"),
    # Reading a second time, and what it tells.
    path("second-reads/", second_reads.index, name="second_reads"),
    path("second-reads/next", second_reads.next_one, name="second_next"),
    path("second-reads/agreement", second_reads.show_agreement, name="agreement"),
    path("second-reads/<uuid:pk>/", second_reads.show, name="second_read"),
    path("second-reads/<uuid:pk>/claim", second_reads.claim, name="second_claim"),
    path("second-reads/<uuid:pk>/release", second_reads.release, name="second_release"),
    path("second-reads/<uuid:pk>/draft", second_reads.draft, name="second_draft"),
    path("second-reads/<uuid:pk>/sign", second_reads.sign, name="second_sign"),
    # What was signed, by day.
    path("results/", results.show, name="results"),
    path("results/csv", results.as_csv, name="results_csv"),
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
    # What the order costs whom: as it was, and simulated.
    path("turnaround/", turnaround.show, name="turnaround"),
    path("turnaround/tables.csv", turnaround.table, name="turnaround_csv"),
    path("simulation/", simulation.show, name="simulation"),
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
    path("sites/<uuid:pk>/order", worklist_acts.switch_order, name="site_order"),
    path("sites/<uuid:pk>/webhook", webhooks.show, name="site_webhook"),
    path("sites/<uuid:pk>/webhook/key", webhooks.draw_key, name="site_webhook_key"),
    path("sites/<uuid:pk>/webhook/test", webhooks.test, name="site_webhook_test"),
    # The API.
    path("api/v1/", include("webportal.api.urls")),
    path("api/schema", Schema.as_view(), name="api_schema"),
    path("api/docs", Docs.as_view(), name="api_docs"),
]
