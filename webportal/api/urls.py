"""The addresses under /api/v1/. They hold ids and filters, never patient data."""

from django.urls import path, re_path

from webportal.api import (
    auth,
    batch_acts,
    batches,
    errors,
    files,
    images,
    models,
    parts,
    reading,
    second_reads,
    studies,
    worklist,
)

urlpatterns = [
    path("login", auth.login, name="api_login"),
    path("logout", auth.logout, name="api_logout"),
    path("me", auth.me, name="api_me"),
    # Studies: looking, reading, handling.
    path("studies", studies.index, name="api_studies"),
    path("studies/<uuid:pk>", studies.show, name="api_study"),
    path("studies/<uuid:pk>/claim", reading.claim, name="api_claim"),
    path("studies/<uuid:pk>/release", reading.release, name="api_release"),
    path("studies/<uuid:pk>/sign", reading.sign, name="api_sign"),
    path("studies/<uuid:pk>/addenda", reading.addend, name="api_addend"),
    path("studies/<uuid:pk>/priority", studies.change_priority, name="api_change_priority"),
    path("studies/<uuid:pk>/withdraw", studies.withdraw, name="api_withdraw"),
    path("studies/<uuid:pk>/restore", studies.restore, name="api_restore"),
    path("studies/<uuid:pk>/retry", studies.retry, name="api_retry"),
    # Reading a second time.
    path("second-reads", second_reads.index, name="api_second_reads"),
    path("second-reads/next", second_reads.next_one, name="api_second_next"),
    path("second-reads/<uuid:pk>/claim", second_reads.claim, name="api_second_claim"),
    path("second-reads/<uuid:pk>/release", second_reads.release, name="api_second_release"),
    path("second-reads/<uuid:pk>/sign", second_reads.sign, name="api_second_sign"),
    # Sending films.
    path("batches", batches.index, name="api_batches"),
    path("batches/<uuid:pk>", batches.show, name="api_batch"),
    path("batches/<uuid:pk>/files", files.files, name="api_files"),
    path("batches/<uuid:pk>/manifest", files.read_manifest, name="api_manifest"),
    path("batches/<uuid:pk>/known", batches.known, name="api_known"),
    path("batches/<uuid:pk>/receipts", batches.receipts, name="api_receipts"),
    path("batches/<uuid:pk>/receipts.csv", batches.receipts_csv, name="api_receipts_csv"),
    path("batches/<uuid:pk>/confirm", batch_acts.confirm, name="api_batch_confirm"),
    path("batches/<uuid:pk>/discard", batch_acts.discard, name="api_batch_discard"),
    path("batches/<uuid:pk>/cancel", batch_acts.cancel, name="api_batch_cancel"),
    path("batches/<uuid:pk>/retry", batch_acts.retry, name="api_batch_retry"),
    path("uploads", files.upload, name="api_upload"),
    path("parts", parts.Parts.as_view(), name="api_parts"),
    path("parts/<uuid:pk>", parts.OnePart.as_view(), name="api_part"),
    path("images/<uuid:pk>/view", images.correct_view, name="api_image_view"),
    path("images/<uuid:pk>/decode", images.decode_again, name="api_image_decode"),
    # The worklist.
    path("worklist", worklist.show, name="api_worklist"),
    path("worklist/next", reading.next_study, name="api_next_study"),
    # Model versions.
    path("models", models.index, name="api_models"),
    path("models/rollback", models.roll_back, name="api_model_roll_back"),
    path("models/<uuid:pk>", models.show, name="api_model"),
    path("models/<uuid:pk>/preview", models.preview, name="api_model_preview"),
    path("models/<uuid:pk>/promote", models.promote, name="api_model_promote"),
    path("models/<uuid:pk>/shadow", models.shadow, name="api_model_shadow"),
    path("models/<uuid:pk>/rescreen", models.rescreen, name="api_model_rescreen"),
    # Last: whatever has no address is answered in the API's own shape.
    re_path("", errors.unknown, name="api_unknown"),
]
