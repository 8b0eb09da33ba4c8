/** A picture in KV, by its key; or at Cloudinary, by the cloud's name, public id and version. */
export type Reference =
  | { readonly store: 'kv'; readonly key: string }
  | { readonly store: 'cloudinary'; readonly cloud: string; readonly publicId: string; readonly version: number }

/**
 * Writes a reference for a row. It contains the cloud's name, so that pictures stay where they are when the store
 * changes.
 */
export function serializeReference(reference: Reference): string {
  if (reference.store === 'kv') return `kv:${reference.key}`
  return `cloudinary:${reference.cloud}:${reference.version}:${reference.publicId}`
}

/** Parses the reference of a row; undefined if no version of this service wrote it. */
export function parseReference(text: string): Reference | undefined {
  const key = text.match(/^kv:([\w-]+)$/)?.[1]
  if (key !== undefined) return { store: 'kv', key }
  const [, cloud, version, publicId] = text.match(/^cloudinary:([\w-]+):(\d+):(.+)$/) ?? []
  if (cloud === undefined || publicId === undefined) return undefined
  return { store: 'cloudinary', cloud, publicId, version: Number(version) }
}
