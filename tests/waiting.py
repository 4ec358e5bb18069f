"""Many waiting studies at once, written by SQL alone: for what is measured, and for nothing that asks how they came."""

from django.db import connection

# p by number: of 100 studies 12 are likely, 18 uncertain, 58 less likely, and 12 have no score.
ROWS = """
INSERT INTO screening_study (id, site_id, status, priority, received_at, due_at, cap_at, synthetic, probability, band,
    ai_state, model_version_id, study_uid, accession, patient_name, patient_id, age_years, age_group, sex, description,
    clinical_question, version)
SELECT gen_random_uuid(), %(site)s, CASE WHEN p IS NOT NULL THEN 'screened' WHEN n %% 100 < 94 THEN 'received'
       ELSE 'unscreened' END, class, received_at, received_at + cap / 16 * power(48, 1 - coalesce(p, 0.5)),
    received_at + cap, false, p,
    CASE WHEN p IS NULL THEN '' WHEN p >= 0.7 THEN 'likely' WHEN p >= 0.3 THEN 'uncertain' ELSE 'less_likely' END,
    CASE WHEN p IS NOT NULL THEN 'screened' WHEN n %% 100 < 94 THEN 'pending' ELSE 'failed' END,
    CASE WHEN p IS NOT NULL THEN %(model)s::uuid END, '', 'A' || lpad(n::text, 8, '0'), 'DOE^' || n, 'P' || n, 3, '',
    'F', '', '', 1
FROM (
    SELECT n, class, cap, now() - cap * %(spread)s * ((n::bigint * 7919) %% %(count)s) / %(count)s AS received_at,
        CASE WHEN n %% 100 < 12 THEN 0.7 + (n %% 30) / 100.0 WHEN n %% 100 < 30 THEN 0.3 + (n %% 40) / 100.0
             WHEN n %% 100 < 88 THEN (n %% 30) / 100.0 END AS p
    FROM (
        SELECT n, class, (ARRAY['1 h', '4 h', '8 h']::interval[])[class + 1] AS cap
        FROM (SELECT n, CASE WHEN n %% 20 = 0 THEN 0 WHEN n %% 20 < 4 THEN 1 ELSE 2 END AS class
              FROM generate_series(1, %(count)s) AS n) AS numbered
    ) AS classed
) AS drawn
"""


def wait(site, count, *, model=None, spread=1.03):
    """`count` waiting studies of `site` without pictures, of every class and kind, received over the time of `spread`
    limits: a little more than one, and some are past their limit. The planner knows them, and the indexes are whole."""
    asked = {"site": site.pk, "count": count, "model": model and model.pk, "spread": spread}
    with connection.cursor() as cursor:
        cursor.execute(ROWS, asked)
        cursor.execute("ANALYZE screening_study")
