"""A ledger of many studies with their films, screenings and predictions, written by SQL alone: for what is measured."""

from django.db import connection

from tests.waiting import wait

# Every other study is read, and has been for a while: what a department leaves behind, day after day. Likely ones of
# class stat do not pile up: of the first 10,000 studies some wait, and none of the others.
READ = """
UPDATE screening_study SET status = 'read', received_at = received_at - interval '90 days',
    due_at = due_at - interval '90 days', cap_at = cap_at - interval '90 days', signed_at = now() - interval '89 days'
WHERE site_id = %(site)s AND (right(accession, 1) IN ('1', '3', '5', '7', '9')
    OR priority = 0 AND band = 'likely' AND accession > 'A00010000')
"""
IMAGES = """
INSERT INTO screening_image (id, study_id, site_id, sha256, original_sha256, content_hash, sop_uid, format, modality,
    view, gate, gate_detail, transfer_syntax, frames, burned_in, deidentified, rows, columns, bits, spacing_at_detector,
    pixels_version, original, viewing, model_input, received_at)
SELECT gen_random_uuid(), id, site_id, encode(sha256(id::text::bytea), 'hex'), '', '', '', 'png', '', 'PA', '', '', '',
    1, false, false, 192, 192, 8, false, '1', 'o/' || id, 'v/' || id, 'm/' || id, received_at
FROM screening_study WHERE site_id = %(site)s
"""
SCREENINGS = """
INSERT INTO screening_screening (id, state, priority, due_at, attempts, crashes, alone, fence, lease_owner,
    next_attempt_at, rang_at, error_code, error_sentence, created_at, ended_at, image_id, model_version_id)
SELECT gen_random_uuid(), state, priority, due_at, 1, 0, false, 1, '', received_at,
    CASE WHEN state = 'pending' THEN now() - random() * interval '1 hour' END, '', '', received_at,
    CASE WHEN state <> 'pending' THEN received_at END, image, %(model)s
FROM (
    SELECT study.*, image.id AS image, CASE study.ai_state WHEN 'screened' THEN 'done' WHEN 'failed' THEN 'failed'
        ELSE CASE status WHEN 'read' THEN 'cancelled' ELSE 'pending' END END AS state
    FROM screening_study AS study JOIN screening_image AS image ON image.study_id = study.id
    WHERE study.site_id = %(site)s
) AS filmed
"""
PREDICTIONS = """
INSERT INTO screening_prediction (id, image_id, model_version_id, logit, probability, band, outside_domain,
    preprocess_version, milliseconds, worker, fence, created_at)
SELECT gen_random_uuid(), image.id, %(model)s, 0, probability, band, false, '1', 10, 'bulk', 1, study.received_at
FROM screening_study AS study JOIN screening_image AS image ON image.study_id = study.id
WHERE study.site_id = %(site)s AND study.ai_state = 'screened'
"""
EVENTS = """
INSERT INTO screening_event (at, kind, study_id, site_id, detail)
SELECT received_at, kind, id, site_id, '{}'
FROM screening_study, unnest(ARRAY['upload', 'screened']) AS kind WHERE site_id = %(site)s
"""
TABLES = ("study", "image", "screening", "prediction", "event")


def fill(site, count, model, *, vacuum=True):
    """`count` studies of `site`, one film each, as `tests.waiting` draws them; every other one is read.

    Of 100 on the worklist 88 are scored by `model`, 6 are pending and 6 have failed. The planner knows them. `vacuum`
    needs to stand outside every transaction.
    """
    wait(site, count, model=model)
    asked = {"site": site.pk, "model": model.pk}
    with connection.cursor() as cursor:
        for statement in (READ, IMAGES, SCREENINGS, PREDICTIONS, EVENTS):
            cursor.execute(statement, asked)
        for table in TABLES:
            cursor.execute(f"{'VACUUM ' if vacuum else ''}ANALYZE screening_{table}")
