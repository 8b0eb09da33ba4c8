CREATE TABLE `discarded_pictures` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`picture` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`due_at` text NOT NULL,
	`created_at` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `discarded_pictures_due` ON `discarded_pictures` (`due_at`);--> statement-breakpoint
ALTER TABLE `contacts` ADD `avatar` text;--> statement-breakpoint
ALTER TABLE `users` ADD `avatar` text;
--> statement-breakpoint
-- What the edge remembers of a user includes the picture: as in migration 0001.
DROP TRIGGER `users_revision_rises`;--> statement-breakpoint
CREATE TRIGGER `users_revision_rises`
BEFORE UPDATE OF `username`, `email`, `role`, `disabled`, `locale`, `avatar`, `confirmed_at`, `revision` ON `users`
WHEN NEW.`revision` <= OLD.`revision`
BEGIN
	SELECT RAISE(ABORT, 'stale revision');
END;
