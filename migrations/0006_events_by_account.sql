-- An event is named by its number in its account: an id that counts everybody's events tells one account what happens to others.
ALTER TABLE `events` ADD `number` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE `events` SET `number` = `counted`.`number`
FROM (SELECT `id`, row_number() OVER (PARTITION BY `user_id` ORDER BY `id`) AS `number` FROM `events`) AS `counted`
WHERE `counted`.`id` = `events`.`id`;--> statement-breakpoint
DROP INDEX `events_user`;--> statement-breakpoint
CREATE UNIQUE INDEX `events_by_number` ON `events` (`user_id`,`number`);--> statement-breakpoint
-- The Worker of the version before, which goes on until the new one is deployed, knows no numbers.
CREATE TRIGGER `events_numbered`
AFTER INSERT ON `events`
WHEN NEW.`number` = 0
BEGIN
	UPDATE `events`
	SET `number` = (SELECT max(`number`) + 1 FROM `events` WHERE `user_id` = NEW.`user_id`)
	WHERE `id` = NEW.`id`;
END;--> statement-breakpoint
-- A refusal of one recipient says nothing of the mail server: the health check leaves such letters out.
ALTER TABLE `outbox` ADD `refused` integer DEFAULT false NOT NULL;
