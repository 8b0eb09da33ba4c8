DROP INDEX `removed_trash`;--> statement-breakpoint
ALTER TABLE `removed` ADD `book_id` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `removed` ADD `moved` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX `removed_by_contact` ON `removed` (`contact_id`) WHERE content IS NOT NULL;--> statement-breakpoint
ALTER TABLE `books` ADD `color` text;--> statement-breakpoint
CREATE INDEX `contacts_by_book` ON `contacts` (`owner_id`,`book_id`,`is_group`,`name_key`,`id`) WHERE book_id <> 0;--> statement-breakpoint
-- A contact that is deleted keeps its files and versions while it is in the trash: one of many, too. What deletes it plainly, as a Worker of an earlier version does, leaves word of that all the same, so that no number is given twice and every client learns of it. A move to another book leaves a row without content, which is none of the trash.
DROP TRIGGER `contacts_parts_deleted`;--> statement-breakpoint
CREATE TRIGGER `contacts_parts_deleted`
AFTER DELETE ON `contacts`
WHEN NOT EXISTS (
	SELECT 1 FROM `removed` WHERE `owner_id` = OLD.`owner_id` AND `contact_id` = OLD.`id` AND content IS NOT NULL
)
BEGIN
	DELETE FROM `versions` WHERE `owner_id` = OLD.`owner_id` AND `contact_id` = OLD.`id`;
	DELETE FROM `card_parts` WHERE `contact_id` = OLD.`id`;
	INSERT INTO `removed` (`owner_id`, `seq`, `contact_id`, `book_id`, `removed_at`)
	SELECT
		OLD.`owner_id`,
		1 + max(
			OLD.`seq`,
			coalesce((SELECT `seq` FROM `contacts` WHERE `owner_id` = OLD.`owner_id` ORDER BY `seq` DESC LIMIT 1), 0),
			coalesce((SELECT `seq` FROM `removed` WHERE `owner_id` = OLD.`owner_id` ORDER BY `seq` DESC LIMIT 1), 0)
		),
		OLD.`id`, OLD.`book_id`, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
	WHERE EXISTS (SELECT 1 FROM `users` WHERE `id` = OLD.`owner_id`);
END;--> statement-breakpoint
-- Whatever deletes an account deletes what was removed from its books, in whatever order.
CREATE TRIGGER `users_removed_deleted`
AFTER DELETE ON `users`
BEGIN
	DELETE FROM `removed` WHERE `owner_id` = OLD.`id`;
END;
