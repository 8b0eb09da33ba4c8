CREATE TABLE `distinct_pairs` (
	`owner_id` integer NOT NULL,
	`first_id` integer NOT NULL,
	`second_id` integer NOT NULL,
	`created_at` text NOT NULL,
	PRIMARY KEY(`owner_id`, `first_id`, `second_id`),
	FOREIGN KEY (`owner_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `import_entries` (
	`import_id` integer NOT NULL,
	`line` integer NOT NULL,
	`owner_id` integer NOT NULL,
	`outcome` text NOT NULL,
	`contact_id` integer,
	`revision` integer,
	`digest` text,
	`uid` text,
	`detail` text,
	`duplicate_of` integer,
	`undo` text,
	PRIMARY KEY(`import_id`, `line`),
	FOREIGN KEY (`import_id`) REFERENCES `imports`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `import_entries_by_digest` ON `import_entries` (`owner_id`,`digest`) WHERE digest IS NOT NULL;--> statement-breakpoint
CREATE INDEX `import_entries_by_contact` ON `import_entries` (`import_id`,`contact_id`) WHERE revision IS NOT NULL;--> statement-breakpoint
CREATE INDEX `import_entries_by_uid` ON `import_entries` (`import_id`,`uid`) WHERE uid IS NOT NULL;--> statement-breakpoint
CREATE TABLE `import_pieces` (
	`import_id` integer NOT NULL,
	`owner_id` integer NOT NULL,
	`line` integer NOT NULL,
	`content` text NOT NULL,
	PRIMARY KEY(`import_id`, `line`),
	FOREIGN KEY (`import_id`) REFERENCES `imports`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `imports` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`owner_id` integer NOT NULL,
	`state` text NOT NULL,
	`dry_run` integer NOT NULL,
	`format` text NOT NULL,
	`book` text NOT NULL,
	`duplicates` text NOT NULL,
	`charset` text NOT NULL,
	`layout` text,
	`last_contact` integer NOT NULL,
	`total` integer NOT NULL,
	`done` integer DEFAULT 0 NOT NULL,
	`counts` text NOT NULL,
	`undone_to` integer,
	`created_by` text NOT NULL,
	`created_at` text NOT NULL,
	`updated_at` text NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `imports_by_owner` ON `imports` (`owner_id`,`id`);--> statement-breakpoint
CREATE INDEX `imports_unfinished` ON `imports` (`updated_at`) WHERE state IN ('running', 'undoing');--> statement-breakpoint
CREATE INDEX `imports_by_age` ON `imports` (`created_at`);--> statement-breakpoint
ALTER TABLE `removed` ADD `merged_into` integer;--> statement-breakpoint
ALTER TABLE `removed` ADD `merged_revision` integer;--> statement-breakpoint
ALTER TABLE `removed` ADD `merge_undo` text;--> statement-breakpoint
CREATE INDEX `removed_by_merge` ON `removed` (`merged_into`) WHERE merged_into IS NOT NULL AND content IS NOT NULL;--> statement-breakpoint
ALTER TABLE `outbox` ADD `message_id` text;--> statement-breakpoint
ALTER TABLE `outbox` ADD `unsubscribe_url` text;--> statement-breakpoint
ALTER TABLE `users` ADD `birthday_digest` text;--> statement-breakpoint
ALTER TABLE `users` ADD `tz` text DEFAULT 'UTC' NOT NULL;--> statement-breakpoint
ALTER TABLE `users` ADD `leap_day` text DEFAULT 'mar1' NOT NULL;--> statement-breakpoint
ALTER TABLE `users` ADD `next_digest_at` text;--> statement-breakpoint
ALTER TABLE `users` ADD `digest_on` text;--> statement-breakpoint
CREATE INDEX `users_digest_due` ON `users` (`next_digest_at`) WHERE next_digest_at IS NOT NULL;--> statement-breakpoint
-- What the edge remembers of a user includes the settings of letters about birthdays: as in migration 0005.
DROP TRIGGER `users_revision_rises`;--> statement-breakpoint
CREATE TRIGGER `users_revision_rises`
BEFORE UPDATE OF `username`, `email`, `role`, `disabled`, `locale`, `avatar`, `confirmed_at`, `birthday_digest`, `tz`, `leap_day`, `revision` ON `users`
WHEN NEW.`revision` <= OLD.`revision`
BEGIN
	SELECT RAISE(ABORT, 'stale revision');
END;
