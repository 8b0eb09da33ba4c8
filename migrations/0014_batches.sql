CREATE TABLE `account_sizes` (
	`owner_id` integer PRIMARY KEY NOT NULL,
	`bytes` integer NOT NULL,
	`measured_at` integer NOT NULL,
	`fits_until` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `idempotency_keys` ADD `result` text;--> statement-breakpoint
-- What accounts hold is not known yet. Until they are measured, they may change as much as 1,000 changes add: the Worker of the version before cannot measure, and goes on meanwhile.
INSERT INTO `account_sizes` (`owner_id`, `bytes`, `measured_at`, `fits_until`)
SELECT `id`, 0, 0, 1000 + max(
	coalesce((SELECT `seq` FROM `contacts` WHERE `owner_id` = `users`.`id` ORDER BY `seq` DESC LIMIT 1), 0),
	coalesce((SELECT `seq` FROM `removed` WHERE `owner_id` = `users`.`id` ORDER BY `seq` DESC LIMIT 1), 0)
)
FROM `users`;--> statement-breakpoint
-- What adds to an account has to be within the numbers that surely fit, at 32 KiB each; of an account that has never been measured, the first 256, so that the Worker of the version before does not meet the bound. The service measures then, and writes again.
CREATE TRIGGER `contacts_fit_when_added`
AFTER INSERT ON `contacts`
WHEN NEW.`seq` > coalesce((SELECT `fits_until` FROM `account_sizes` WHERE `owner_id` = NEW.`owner_id`), 256)
BEGIN
	SELECT RAISE(ABORT, 'account may be full');
END;--> statement-breakpoint
CREATE TRIGGER `versions_fit`
AFTER INSERT ON `versions`
WHEN (SELECT `seq` FROM `contacts` WHERE `id` = NEW.`contact_id`)
	> coalesce((SELECT `fits_until` FROM `account_sizes` WHERE `owner_id` = NEW.`owner_id`), 256)
BEGIN
	SELECT RAISE(ABORT, 'account may be full');
END;--> statement-breakpoint
-- What is larger takes the place of several changes. A vCard counts twice: its fields say what it says.
CREATE TRIGGER `contacts_large_added`
AFTER INSERT ON `contacts`
WHEN length(CAST(NEW.`card` AS BLOB)) / 16384 > 0
BEGIN
	INSERT INTO `account_sizes` (`owner_id`, `bytes`, `measured_at`, `fits_until`)
	VALUES (NEW.`owner_id`, 0, 0, 256 - length(CAST(NEW.`card` AS BLOB)) / 16384)
	ON CONFLICT (`owner_id`) DO UPDATE SET `fits_until` = `fits_until` - length(CAST(NEW.`card` AS BLOB)) / 16384;
END;--> statement-breakpoint
CREATE TRIGGER `contacts_large_changed`
AFTER UPDATE OF `card` ON `contacts`
WHEN length(CAST(NEW.`card` AS BLOB)) / 16384 > 0 AND NEW.`card` IS NOT OLD.`card`
BEGIN
	INSERT INTO `account_sizes` (`owner_id`, `bytes`, `measured_at`, `fits_until`)
	VALUES (NEW.`owner_id`, 0, 0, 256 - length(CAST(NEW.`card` AS BLOB)) / 16384)
	ON CONFLICT (`owner_id`) DO UPDATE SET `fits_until` = `fits_until` - length(CAST(NEW.`card` AS BLOB)) / 16384;
END;--> statement-breakpoint
CREATE TRIGGER `versions_large`
AFTER INSERT ON `versions`
WHEN length(CAST(NEW.`content` AS BLOB)) / 32768 > 0
BEGIN
	INSERT INTO `account_sizes` (`owner_id`, `bytes`, `measured_at`, `fits_until`)
	VALUES (NEW.`owner_id`, 0, 0, 256 - length(CAST(NEW.`content` AS BLOB)) / 32768)
	ON CONFLICT (`owner_id`) DO UPDATE SET `fits_until` = `fits_until` - length(CAST(NEW.`content` AS BLOB)) / 32768;
END;--> statement-breakpoint
CREATE TRIGGER `card_parts_large`
AFTER INSERT ON `card_parts`
BEGIN
	INSERT INTO `account_sizes` (`owner_id`, `bytes`, `measured_at`, `fits_until`)
	VALUES (NEW.`owner_id`, 0, 0, 256 - (1 + length(CAST(NEW.`text` AS BLOB)) / 32768))
	ON CONFLICT (`owner_id`) DO UPDATE SET `fits_until` = `fits_until` - (1 + length(CAST(NEW.`text` AS BLOB)) / 32768);
END;
