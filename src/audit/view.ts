import type { EventRow } from './table.ts'

/** An event, as the account's owner sees it: without the address of somebody else who caused it. */
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
