ALTER TABLE `removed` ADD `merge_undo` text;--> statement-breakpoint
CREATE INDEX `removed_by_merge` ON `removed` (`merged_into`) WHERE merged_into IS NOT NULL AND content IS NOT NULL;