import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'

/** The demonstration page, from a server other than the service. */
export interface Pages {
  readonly port: number
  close(): Promise<void>
}

const files: Record<string, { readonly name: string; readonly type: string }> = {
  '/contacts.html': { name: 'contacts.html', type: 'text/html; charset=utf-8' },
  '/contacts.js': { name: 'contacts.js', type: 'text/javascript; charset=utf-8' },
}

/** Serves test/browser/pages on a free port: under two names, so that the same page has two origins. */
export async function servePages(): Promise<Pages> {
  const server = createServer(async (request, response) => {
    const file = files[(request.url ?? '').replace(/\?.*/, '')]
    if (!file) return response.writeHead(404).end()
    const body = await readFile(join('test/browser/pages', file.name))
    return response.writeHead(200, { 'Content-Type': file.type, 'Cache-Control': 'no-store' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (!address || typeof address !== 'object') throw new Error('The pages have no port.')
  return {
    port: address.port,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
