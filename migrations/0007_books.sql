CREATE TABLE `books` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`owner_id` integer NOT NULL,
	`slug` text NOT NULL,
	`uid` text NOT NULL,
	`name` text NOT NULL,
	`description` text,
	`revision` integer DEFAULT 1 NOT NULL,
	`created_at` text NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `books_by_slug` ON `books` (`owner_id`,`slug`);--> statement-breakpoint
-- Everybody's first book, for those who are there. Its uid is random: 128 bits, in hexadecimal.
INSERT INTO `books` (`owner_id`, `slug`, `uid`, `name`, `created_at`)
SELECT `id`, 'contacts', lower(hex(randomblob(16))), 'Contacts', `created_at` FROM `users` ORDER BY `id`;--> statement-breakpoint
-- And for those to come, whatever adds them: the Worker of the version before knows no books.
CREATE TRIGGER `users_first_book`
AFTER INSERT ON `users`
BEGIN
	INSERT INTO `books` (`owner_id`, `slug`, `uid`, `name`, `created_at`)
	VALUES (NEW.`id`, 'contacts', lower(hex(randomblob(16))), 'Contacts', NEW.`created_at`);
END;--> statement-breakpoint
-- Whatever deletes an account deletes its books: foreign keys may be off on libSQL.
CREATE TRIGGER `users_books_deleted`
AFTER DELETE ON `users`
BEGIN
	DELETE FROM `books` WHERE `owner_id` = OLD.`id`;
END;
