"""History and signed reads are only ever added: the database refuses the rest, whoever asks."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: rows are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON screening_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Phantoms are no patients: the reads of a synthetic study go with it when the Demo site is removed.
CREATE FUNCTION is_synthetic(study uuid) RETURNS boolean LANGUAGE sql STABLE AS
    'SELECT synthetic FROM screening_study WHERE id = study';

CREATE TRIGGER never_changed BEFORE UPDATE ON screening_read
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_deleted BEFORE DELETE ON screening_read
    FOR EACH ROW WHEN (NOT is_synthetic(OLD.study_id)) EXECUTE FUNCTION refuse_change();
"""

BACKWARDS = """
DROP TRIGGER append_only ON screening_event;
DROP TRIGGER never_changed ON screening_read;
DROP TRIGGER never_deleted ON screening_read;
DROP FUNCTION is_synthetic(uuid);
DROP FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("screening", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
