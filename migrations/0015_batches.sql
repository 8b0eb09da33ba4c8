ALTER TABLE `idempotency_keys` ADD `result` text;--> statement-breakpoint
-- A contact that is copied into the trash is deleted, one after another: so the triggers of what is deleted find it there, also where one statement copies several.
CREATE TRIGGER `removed_contact_deleted`
AFTER INSERT ON `removed`
WHEN NEW.`content` IS NOT NULL
BEGIN
	DELETE FROM `contacts` WHERE `id` = NEW.`contact_id`;
END;
