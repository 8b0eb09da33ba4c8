CREATE TABLE `removed` (
	`owner_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`contact_id` integer,
	`content` text,
	`avatar` text,
	`removed_by` text,
	`removed_at` text NOT NULL,
	PRIMARY KEY(`owner_id`, `seq`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `removed_trash` ON `removed` (`owner_id`,`seq`,`contact_id`) WHERE content IS NOT NULL;--> statement-breakpoint
CREATE INDEX `removed_due` ON `removed` (`removed_at`) WHERE content IS NOT NULL;--> statement-breakpoint
DROP INDEX `contacts_by_updated`;--> statement-breakpoint
ALTER TABLE `contacts` ADD `seq` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `contacts_by_number` ON `contacts` (`owner_id`,`seq`,`updated_at`,`id`);--> statement-breakpoint
-- Whatever adds or changes a contact and brings no change number gets one: the Worker of the version before, the triggers of groups, and statements that change several.
CREATE TRIGGER `contacts_numbered_when_added`
AFTER INSERT ON `contacts`
WHEN NEW.`seq` = 0
BEGIN
	UPDATE `contacts` SET `seq` = 1 + max(
		coalesce((SELECT `seq` FROM `contacts` WHERE `owner_id` = NEW.`owner_id` ORDER BY `seq` DESC LIMIT 1), 0),
		coalesce((SELECT `seq` FROM `removed` WHERE `owner_id` = NEW.`owner_id` ORDER BY `seq` DESC LIMIT 1), 0)
	)
	WHERE `id` = NEW.`id`;
END;--> statement-breakpoint
CREATE TRIGGER `contacts_numbered_when_changed`
AFTER UPDATE OF `revision` ON `contacts`
WHEN NEW.`seq` = OLD.`seq`
BEGIN
	UPDATE `contacts` SET `seq` = 1 + max(
		coalesce((SELECT `seq` FROM `contacts` WHERE `owner_id` = NEW.`owner_id` ORDER BY `seq` DESC LIMIT 1), 0),
		coalesce((SELECT `seq` FROM `removed` WHERE `owner_id` = NEW.`owner_id` ORDER BY `seq` DESC LIMIT 1), 0)
	)
	WHERE `id` = NEW.`id`;
END;--> statement-breakpoint
-- The files of a vCard stay while the contact is in the trash: then the newest that was removed is this one.
DROP TRIGGER `contacts_parts_deleted`;--> statement-breakpoint
CREATE TRIGGER `contacts_parts_deleted`
AFTER DELETE ON `contacts`
WHEN (
	SELECT iif(`content` IS NULL, NULL, `contact_id`) FROM `removed` WHERE `owner_id` = OLD.`owner_id` ORDER BY `seq` DESC LIMIT 1
) IS NOT OLD.`id`
BEGIN
	DELETE FROM `card_parts` WHERE `contact_id` = OLD.`id`;
END;--> statement-breakpoint
CREATE TRIGGER `removed_parts_deleted`
AFTER UPDATE OF `content` ON `removed`
WHEN OLD.`content` IS NOT NULL AND NEW.`content` IS NULL
	AND NOT EXISTS (SELECT 1 FROM `contacts` WHERE `id` = OLD.`contact_id`)
BEGIN
	DELETE FROM `card_parts` WHERE `contact_id` = OLD.`contact_id`;
END;
