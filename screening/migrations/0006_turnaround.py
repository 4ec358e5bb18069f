"""When studies that are here already were first scored, claimed and signed."""

from django.db import migrations

FORWARDS = """
UPDATE screening_study AS study SET
    screened_at = (SELECT min(said.created_at) FROM screening_prediction said
                   JOIN screening_image image ON image.id = said.image_id WHERE image.study_id = study.id),
    first_claimed_at = (SELECT min(at) FROM screening_event WHERE study_id = study.id AND kind = 'claim'),
    signed_at = (SELECT min(signed_at) FROM screening_read WHERE study_id = study.id AND addendum_to_id IS NULL);
"""


class Migration(migrations.Migration):
    dependencies = [("screening", "0005_reading_room")]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
