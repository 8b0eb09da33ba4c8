CREATE TABLE `card_parts` (
	`id` integer PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`contact_id` integer NOT NULL,
	`hash` text NOT NULL,
	`text` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `card_parts_by_hash` ON `card_parts` (`contact_id`,`hash`);--> statement-breakpoint
ALTER TABLE `contacts` ADD `card` text;--> statement-breakpoint
ALTER TABLE `contacts` ADD `uid` text;--> statement-breakpoint
ALTER TABLE `contacts` ADD `full_name` text;--> statement-breakpoint
ALTER TABLE `contacts` ADD `labels_key` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `contacts_by_uid` ON `contacts` (`owner_id`,`uid`) WHERE uid IS NOT NULL;--> statement-breakpoint
CREATE INDEX `contacts_by_label` ON `contacts` (`owner_id`,`labels_key`) WHERE labels_key <> '';--> statement-breakpoint
-- Whatever deletes a contact deletes the files of its vCard. No foreign key: every write of a contact would look it up.
CREATE TRIGGER `contacts_parts_deleted`
AFTER DELETE ON `contacts`
BEGIN
	DELETE FROM `card_parts` WHERE `contact_id` = OLD.`id`;
END;
