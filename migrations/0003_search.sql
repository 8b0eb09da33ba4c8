CREATE TABLE `contact_keying` (
	`id` integer PRIMARY KEY NOT NULL,
	`version` text NOT NULL,
	`done_to` integer
);
--> statement-breakpoint
ALTER TABLE `contacts` ADD `search_key` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX `contacts_search` ON `contacts` (`owner_id`,`search_key`,`name_key`);--> statement-breakpoint
CREATE INDEX `sessions_created` ON `sessions` (`created_at`);