import type { EventRow } from './table.ts'

/** An event, as the account's owner sees it: where somebody else sits who did it is not theirs to know. */
export function toOwnEvent(row: EventRow) {
  const event = toEvent(row)
  return row.actor_id === null ? event : { ...event, address: null, device: null }
}

/** An event, as an admin sees it. */
export function toEvent(row: EventRow) {
  return {
    id: row.id,
    kind: row.kind,
    actor_id: row.actor_id,
    address: row.address,
    device: row.device,
    detail: row.detail,
    created_at: row.created_at,
  }
}
