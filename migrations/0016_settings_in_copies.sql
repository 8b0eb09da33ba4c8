-- What the edge remembers of a user includes the settings of letters about birthdays: as in migration 0005.
DROP TRIGGER `users_revision_rises`;--> statement-breakpoint
CREATE TRIGGER `users_revision_rises`
BEFORE UPDATE OF `username`, `email`, `role`, `disabled`, `locale`, `avatar`, `confirmed_at`, `birthday_digest`, `tz`, `leap_day`, `revision` ON `users`
WHEN NEW.`revision` <= OLD.`revision`
BEGIN
	SELECT RAISE(ABORT, 'stale revision');
END;
