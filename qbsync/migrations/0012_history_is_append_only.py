"""The history can be added to, and neither changed nor deleted, whoever asks PostgreSQL."""

from django.db import migrations

ADD = """
CREATE FUNCTION qbsync_history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A person who is deleted leaves what they did, without their name.
    IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL AND to_jsonb(NEW) - 'actor_id' = to_jsonb(OLD) - 'actor_id' THEN
        RETURN NEW;
    END IF;
    -- A firm that is erased takes its history along; its transaction says so, and nothing outlasts that.
    IF TG_OP = 'DELETE' AND current_setting('portal.erasing_firm', true) = OLD.firm_id::text THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The history is append-only: % is refused.', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER qbsync_history_is_append_only BEFORE UPDATE OR DELETE ON qbsync_historyentry
FOR EACH ROW EXECUTE FUNCTION qbsync_history_is_append_only();
"""
REMOVE = """
DROP TRIGGER qbsync_history_is_append_only ON qbsync_historyentry;
DROP FUNCTION qbsync_history_is_append_only();
"""


class Migration(migrations.Migration):
    """Adds the trigger."""

    dependencies = [("qbsync", "0011_link_validations")]
    operations = [migrations.RunSQL(ADD, REMOVE)]
