-- Whoever changes what the edge remembers of a user must bring a higher revision, issued by the user's gate (docs/architecture.md).
-- RAISE(ABORT) undoes the whole batch, on D1 and on libSQL.
CREATE TRIGGER `users_revision_rises`
BEFORE UPDATE OF `username`, `email`, `role`, `disabled`, `locale`, `confirmed_at`, `revision` ON `users`
WHEN NEW.`revision` <= OLD.`revision`
BEGIN
	SELECT RAISE(ABORT, 'stale revision');
END;
