CREATE TABLE `group_members` (
	`group_id` integer NOT NULL,
	`uid` text NOT NULL,
	`owner_id` integer NOT NULL,
	`label` text NOT NULL,
	`search` text NOT NULL,
	PRIMARY KEY(`group_id`, `uid`)
);
--> statement-breakpoint
CREATE INDEX `group_members_by_uid` ON `group_members` (`owner_id`,`uid`,`group_id`,`label`,`search`);--> statement-breakpoint
DROP INDEX `contacts_by_uid`;--> statement-breakpoint
DROP INDEX `contacts_by_label`;--> statement-breakpoint
ALTER TABLE `contacts` ADD `book_id` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `contacts` ADD `uri` text;--> statement-breakpoint
ALTER TABLE `contacts` ADD `is_group` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `contacts` ADD `group_labels` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `contacts_by_uri` ON `contacts` (`owner_id`,`uri`,`book_id`) WHERE uri IS NOT NULL;--> statement-breakpoint
CREATE INDEX `contacts_groups` ON `contacts` (`owner_id`,`id`) WHERE is_group = 1;--> statement-breakpoint
CREATE UNIQUE INDEX `contacts_by_uid` ON `contacts` (`owner_id`,`uid`,`book_id`) WHERE uid IS NOT NULL;--> statement-breakpoint
CREATE INDEX `contacts_by_label` ON `contacts` (`owner_id`,`labels_key`,`group_labels`) WHERE labels_key <> '' OR group_labels <> '';--> statement-breakpoint
-- What changes who is in a group, or its name, changes the labels of those contacts, what they are searched by, and so their revision.
CREATE TRIGGER `group_members_added`
AFTER INSERT ON `group_members`
BEGIN
	UPDATE `contacts`
	SET `revision` = `revision` + 1, `updated_at` = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
		`group_labels` = coalesce((SELECT group_concat(`label`, '') FROM (
			SELECT `label`, `search` FROM `group_members`
			WHERE `group_members`.`owner_id` = `contacts`.`owner_id` AND `group_members`.`uid` = coalesce(`contacts`.`uid`, (
				SELECT `books`.`uid` || '-' || `contacts`.`id` FROM `books`
				WHERE `books`.`owner_id` = `contacts`.`owner_id` AND `books`.`slug` = 'contacts'
			))
			ORDER BY `group_id`
		)), ''),
		`search_key` = replace(
			iif(
				instr(`search_key`, char(14)) = 0,
				`search_key`,
				substr(`search_key`, 1, instr(`search_key`, char(14)) - 1) || substr(`search_key`, instr(`search_key`, char(15)) + 1)
			),
			char(12),
			coalesce((SELECT char(14) || group_concat(' ' || `search` || ' ', '') || char(15) FROM (
			SELECT `label`, `search` FROM `group_members`
			WHERE `group_members`.`owner_id` = `contacts`.`owner_id` AND `group_members`.`uid` = coalesce(`contacts`.`uid`, (
				SELECT `books`.`uid` || '-' || `contacts`.`id` FROM `books`
				WHERE `books`.`owner_id` = `contacts`.`owner_id` AND `books`.`slug` = 'contacts'
			))
			ORDER BY `group_id`
		)), '') || char(12)
		)
	WHERE `id` IN (
		SELECT `id` FROM `contacts` WHERE `owner_id` = NEW.`owner_id` AND `uid` = NEW.`uid`
		UNION ALL
		SELECT `contacts`.`id` FROM `contacts`
		INNER JOIN `books` ON `books`.`owner_id` = `contacts`.`owner_id` AND `books`.`slug` = 'contacts'
		WHERE `contacts`.`id` = CAST(substr(NEW.`uid`, 34) AS INTEGER) AND `contacts`.`owner_id` = NEW.`owner_id`
			AND `contacts`.`uid` IS NULL AND NEW.`uid` = `books`.`uid` || '-' || `contacts`.`id`
	);
END;--> statement-breakpoint
CREATE TRIGGER `group_members_removed`
AFTER DELETE ON `group_members`
BEGIN
	UPDATE `contacts`
	SET `revision` = `revision` + 1, `updated_at` = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
		`group_labels` = coalesce((SELECT group_concat(`label`, '') FROM (
			SELECT `label`, `search` FROM `group_members`
			WHERE `group_members`.`owner_id` = `contacts`.`owner_id` AND `group_members`.`uid` = coalesce(`contacts`.`uid`, (
				SELECT `books`.`uid` || '-' || `contacts`.`id` FROM `books`
				WHERE `books`.`owner_id` = `contacts`.`owner_id` AND `books`.`slug` = 'contacts'
			))
			ORDER BY `group_id`
		)), ''),
		`search_key` = replace(
			iif(
				instr(`search_key`, char(14)) = 0,
				`search_key`,
				substr(`search_key`, 1, instr(`search_key`, char(14)) - 1) || substr(`search_key`, instr(`search_key`, char(15)) + 1)
			),
			char(12),
			coalesce((SELECT char(14) || group_concat(' ' || `search` || ' ', '') || char(15) FROM (
			SELECT `label`, `search` FROM `group_members`
			WHERE `group_members`.`owner_id` = `contacts`.`owner_id` AND `group_members`.`uid` = coalesce(`contacts`.`uid`, (
				SELECT `books`.`uid` || '-' || `contacts`.`id` FROM `books`
				WHERE `books`.`owner_id` = `contacts`.`owner_id` AND `books`.`slug` = 'contacts'
			))
			ORDER BY `group_id`
		)), '') || char(12)
		)
	WHERE `id` IN (
		SELECT `id` FROM `contacts` WHERE `owner_id` = OLD.`owner_id` AND `uid` = OLD.`uid`
		UNION ALL
		SELECT `contacts`.`id` FROM `contacts`
		INNER JOIN `books` ON `books`.`owner_id` = `contacts`.`owner_id` AND `books`.`slug` = 'contacts'
		WHERE `contacts`.`id` = CAST(substr(OLD.`uid`, 34) AS INTEGER) AND `contacts`.`owner_id` = OLD.`owner_id`
			AND `contacts`.`uid` IS NULL AND OLD.`uid` = `books`.`uid` || '-' || `contacts`.`id`
	);
END;--> statement-breakpoint
CREATE TRIGGER `group_members_renamed`
AFTER UPDATE OF `label` ON `group_members`
BEGIN
	UPDATE `contacts`
	SET `revision` = `revision` + 1, `updated_at` = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
		`group_labels` = coalesce((SELECT group_concat(`label`, '') FROM (
			SELECT `label`, `search` FROM `group_members`
			WHERE `group_members`.`owner_id` = `contacts`.`owner_id` AND `group_members`.`uid` = coalesce(`contacts`.`uid`, (
				SELECT `books`.`uid` || '-' || `contacts`.`id` FROM `books`
				WHERE `books`.`owner_id` = `contacts`.`owner_id` AND `books`.`slug` = 'contacts'
			))
			ORDER BY `group_id`
		)), ''),
		`search_key` = replace(
			iif(
				instr(`search_key`, char(14)) = 0,
				`search_key`,
				substr(`search_key`, 1, instr(`search_key`, char(14)) - 1) || substr(`search_key`, instr(`search_key`, char(15)) + 1)
			),
			char(12),
			coalesce((SELECT char(14) || group_concat(' ' || `search` || ' ', '') || char(15) FROM (
			SELECT `label`, `search` FROM `group_members`
			WHERE `group_members`.`owner_id` = `contacts`.`owner_id` AND `group_members`.`uid` = coalesce(`contacts`.`uid`, (
				SELECT `books`.`uid` || '-' || `contacts`.`id` FROM `books`
				WHERE `books`.`owner_id` = `contacts`.`owner_id` AND `books`.`slug` = 'contacts'
			))
			ORDER BY `group_id`
		)), '') || char(12)
		)
	WHERE `id` IN (
		SELECT `id` FROM `contacts` WHERE `owner_id` = NEW.`owner_id` AND `uid` = NEW.`uid`
		UNION ALL
		SELECT `contacts`.`id` FROM `contacts`
		INNER JOIN `books` ON `books`.`owner_id` = `contacts`.`owner_id` AND `books`.`slug` = 'contacts'
		WHERE `contacts`.`id` = CAST(substr(NEW.`uid`, 34) AS INTEGER) AND `contacts`.`owner_id` = NEW.`owner_id`
			AND `contacts`.`uid` IS NULL AND NEW.`uid` = `books`.`uid` || '-' || `contacts`.`id`
	);
END;--> statement-breakpoint
-- Whatever deletes a group takes its label from its members.
CREATE TRIGGER `contacts_groups_deleted`
AFTER DELETE ON `contacts`
WHEN OLD.`is_group` = 1
BEGIN
	DELETE FROM `group_members` WHERE `group_id` = OLD.`id`;
END;
