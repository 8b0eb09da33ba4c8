CREATE TABLE `versions` (
	`owner_id` integer NOT NULL,
	`contact_id` integer NOT NULL,
	`revision` integer NOT NULL,
	`content` text NOT NULL,
	`avatar` text,
	`changed_by` text,
	`changed_at` text NOT NULL,
	PRIMARY KEY(`owner_id`, `contact_id`, `revision`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `versions_by_avatar` ON `versions` (`avatar`) WHERE avatar IS NOT NULL;--> statement-breakpoint
ALTER TABLE `contacts` ADD `changed_by` text;--> statement-breakpoint
CREATE INDEX `contacts_by_avatar` ON `contacts` (`avatar`) WHERE avatar IS NOT NULL;--> statement-breakpoint
CREATE INDEX `removed_by_avatar` ON `removed` (`avatar`) WHERE avatar IS NOT NULL;--> statement-breakpoint
CREATE INDEX `users_by_avatar` ON `users` (`avatar`) WHERE avatar IS NOT NULL;--> statement-breakpoint
-- What a contact was before a change of what is shown of it: the last 20 versions, and 256 KB at most, but for the last one. Stars are none.
CREATE TRIGGER `contacts_versions`
AFTER UPDATE ON `contacts`
WHEN NEW.`first_name` IS NOT OLD.`first_name`
	OR NEW.`last_name` IS NOT OLD.`last_name`
	OR NEW.`email` IS NOT OLD.`email`
	OR NEW.`phone` IS NOT OLD.`phone`
	OR NEW.`birthday` IS NOT OLD.`birthday`
	OR NEW.`additional` IS NOT OLD.`additional`
	OR NEW.`full_name` IS NOT OLD.`full_name`
	OR NEW.`avatar` IS NOT OLD.`avatar`
	OR NEW.`card` IS NOT OLD.`card`
BEGIN
	INSERT INTO `versions` (`owner_id`, `contact_id`, `revision`, `content`, `avatar`, `changed_by`, `changed_at`)
	VALUES (
		OLD.`owner_id`, OLD.`id`, OLD.`revision`,
		json_patch(
			json_object('first_name', OLD.`first_name`, 'last_name', OLD.`last_name`, 'email', OLD.`email`, 'phone', OLD.`phone`, 'birthday', OLD.`birthday`, 'additional', OLD.`additional`, 'favorite', OLD.`favorite`, 'full_name', OLD.`full_name`, 'avatar', OLD.`avatar`, 'card', OLD.`card`, 'uid', OLD.`uid`, 'uri', OLD.`uri`),
			json_object('book_id', OLD.`book_id`, 'is_group', OLD.`is_group`, 'group_labels', OLD.`group_labels`, 'labels_key', OLD.`labels_key`, 'revision', OLD.`revision`, 'created_at', OLD.`created_at`, 'updated_at', OLD.`updated_at`)
		),
		OLD.`avatar`, NEW.`changed_by`, NEW.`updated_at`
	);
	DELETE FROM `versions`
	WHERE `owner_id` = OLD.`owner_id` AND `contact_id` = OLD.`id` AND `revision` IN (
		SELECT `revision` FROM (
			SELECT `revision`,
				row_number() OVER (ORDER BY `revision` DESC) AS `place`,
				sum(length(CAST(`content` AS BLOB))) OVER (ORDER BY `revision` DESC) AS `octets`
			FROM `versions` WHERE `owner_id` = OLD.`owner_id` AND `contact_id` = OLD.`id`
		)
		WHERE `place` > 20 OR (`octets` > 262144 AND `place` > 1)
	);
END;--> statement-breakpoint
-- A version that goes leaves its picture to the sweep, which removes it if nothing else shows it, and the files that only it has.
CREATE TRIGGER `versions_deleted`
AFTER DELETE ON `versions`
BEGIN
	INSERT INTO `discarded_pictures` (`picture`, `attempts`, `due_at`, `created_at`)
	SELECT OLD.`avatar`, 0, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
	WHERE OLD.`avatar` IS NOT NULL;
	DELETE FROM `card_parts`
	WHERE `contact_id` = OLD.`contact_id` AND instr(OLD.`content`, `hash`) > 0
		AND NOT EXISTS (SELECT 1 FROM `contacts` WHERE `id` = OLD.`contact_id` AND instr(`contacts`.`card`, `card_parts`.`hash`) > 0)
		AND NOT EXISTS (
			SELECT 1 FROM `versions` WHERE `versions`.`owner_id` = OLD.`owner_id` AND `versions`.`contact_id` = OLD.`contact_id`
				AND instr(`versions`.`content`, `card_parts`.`hash`) > 0
		);
END;--> statement-breakpoint
-- What deletes a contact for good deletes its versions with it.
DROP TRIGGER `contacts_parts_deleted`;--> statement-breakpoint
CREATE TRIGGER `contacts_parts_deleted`
AFTER DELETE ON `contacts`
WHEN (
	SELECT iif(`content` IS NULL, NULL, `contact_id`) FROM `removed` WHERE `owner_id` = OLD.`owner_id` ORDER BY `seq` DESC LIMIT 1
) IS NOT OLD.`id`
BEGIN
	DELETE FROM `versions` WHERE `owner_id` = OLD.`owner_id` AND `contact_id` = OLD.`id`;
	DELETE FROM `card_parts` WHERE `contact_id` = OLD.`id`;
END;--> statement-breakpoint
DROP TRIGGER `removed_parts_deleted`;--> statement-breakpoint
CREATE TRIGGER `removed_parts_deleted`
AFTER UPDATE OF `content` ON `removed`
WHEN OLD.`content` IS NOT NULL AND NEW.`content` IS NULL
	AND NOT EXISTS (SELECT 1 FROM `contacts` WHERE `id` = OLD.`contact_id`)
BEGIN
	DELETE FROM `versions` WHERE `owner_id` = OLD.`owner_id` AND `contact_id` = OLD.`contact_id`;
	DELETE FROM `card_parts` WHERE `contact_id` = OLD.`contact_id`;
END;
