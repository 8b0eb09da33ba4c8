import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The only account, and its unsigned preset. */
export const account = { cloud: 'vizitka-test', preset: 'vizitka', key: '123456789012345', secret: 'keep-this-one' }

/** Accounts that always fail, each in its own way. */
const troubles: Readonly<Record<string, { status: number; body: string } | 'silence'>> = {
  'limited-420': { status: 420, body: refusal('Rate Limit Exceeded. Limit of 500 api operations reached.') },
  'limited-429': { status: 429, body: refusal('Too many requests') },
  'failing-500': { status: 500, body: refusal('General Error') },
  'html-502': { status: 502, body: '<html>Bad gateway</html>' },
  'html-200': { status: 200, body: '<html>Welcome to our hotel’s network</html>' },
  'nonsense-200': { status: 200, body: '{"public_id": 7}' },
  'unsaid-400': { status: 400, body: '{}' },
  'silent-200': 'silence',
}

/** The parameters of an unsigned upload (Cloudinary's upload API reference). */
const allowed = ['upload_preset', 'callback', 'public_id', 'folder', 'asset_folder', 'tags', 'context', 'metadata']

const maxBytes = 10 * 1024 * 1024
const staleSeconds = 3600

/** The first bytes of the formats that this stand-in accepts as images. */
const beginnings = { jpg: 'ffd8ff', png: '89504e47', gif: '474946', webp: '52494646' }

function refusal(message: string): string {
  return JSON.stringify({ error: { message } })
}

class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * Starts a stand-in for Cloudinary's upload API that checks its rules: paths, presets, the parameters of an unsigned
 * upload, image formats, and signatures. `GET url/stored` returns the stored public ids with their bytes in base64.
 */
export async function startCloudinary(): Promise<{ url: string; close(): Promise<void> }> {
  const stored = new Map<string, Buffer>()
  const server = createServer(async (request, response) => {
    const send = (status: number, body: string) =>
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(body)
    try {
      if (request.method === 'GET' && request.url === '/stored') {
        send(200, JSON.stringify(Object.fromEntries([...stored].map(([id, bytes]) => [id, bytes.toString('base64')]))))
        return
      }
      const [, of = '', id = ''] = request.url?.match(/^\/([^/]+)\/image\/upload\/c_fill[^/]*\/v\d+\/(.+)$/) ?? []
      if (request.method === 'GET' && of === account.cloud) {
        const bytes = stored.get(decodeURIComponent(id))
        // It converts nothing: every test requests a JPEG.
        response.writeHead(bytes ? 200 : 404, { 'content-type': bytes ? 'image/jpeg' : 'text/plain' }).end(bytes)
        return
      }
      const [, cloud = '', action] = request.url?.match(/^\/v1_1\/([^/]+)\/image\/(upload|destroy)$/) ?? []
      const form = await formOf(request)
      const trouble = troubles[cloud]
      if (trouble === 'silence') return
      if (trouble) {
        send(trouble.status, trouble.body)
        return
      }
      if (request.method !== 'POST' || !action) throw new Refused(404, 'Not found')
      if (cloud !== account.cloud) throw new Refused(401, `Invalid cloud_name ${cloud}`)
      send(200, JSON.stringify(action === 'upload' ? await uploaded(form, stored) : destroyed(form, stored)))
    } catch (error) {
      if (error instanceof Refused) send(error.status, refusal(error.message))
      else send(500, refusal(String(error)))
    }
  })
  await new Promise<void>((done, failed) => server.once('error', failed).listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

async function uploaded(form: FormData, stored: Map<string, Buffer>): Promise<object> {
  const preset = form.get('upload_preset')
  if (!preset) throw new Refused(400, 'Upload preset must be specified when using unsigned upload')
  if (preset !== account.preset) throw new Refused(400, 'Upload preset not found')
  for (const name of form.keys()) {
    if (name === 'file' || allowed.includes(name)) continue
    throw new Refused(400, `${name} parameter is not allowed when using unsigned upload. Only ${allowed} are allowed.`)
  }
  const file = form.get('file')
  // A part without a file name is a text, which Cloudinary would treat as a URL.
  if (!(file instanceof File)) throw new Refused(400, 'Missing required parameter - file')
  const bytes = Buffer.from(await file.arrayBuffer())
  if (bytes.length > maxBytes) {
    throw new Refused(400, `File size too large. Got ${bytes.length}. Maximum is ${maxBytes}.`)
  }
  const [format] = Object.entries(beginnings).find(([, begins]) => bytes.toString('hex').startsWith(begins)) ?? []
  const named = file.name.match(/^avatar\.(\w+)$/)?.[1]
  if (!format || named !== format || bytes.includes('refuse me')) throw new Refused(400, 'Invalid image file')
  const public_id = `avatars/${crypto.randomUUID().replaceAll('-', '').slice(0, 20)}`
  const version = Math.floor(Date.now() / 1000)
  stored.set(public_id, bytes)
  const secure_url = `https://res.cloudinary.com/${account.cloud}/image/upload/v${version}/${public_id}.${format}`
  return {
    asset_id: crypto.randomUUID(),
    public_id,
    version,
    format,
    resource_type: 'image',
    type: 'upload',
    bytes: bytes.length,
    url: secure_url.replace('https', 'http'),
    secure_url,
  }
}

function destroyed(form: FormData, stored: Map<string, Buffer>): object {
  const { api_key, signature, ...signed } = Object.fromEntries([...form].map(([name, value]) => [name, String(value)]))
  if (api_key !== account.key) throw new Refused(401, `Unknown API key ${api_key}`)
  if (!signed.public_id) throw new Refused(400, 'Missing required parameter - public_id')
  const text = Object.keys(signed)
    .sort()
    .map((name) => `${name}=${signed[name]}`)
    .join('&')
  if (
    signature !==
    createHash('sha1')
      .update(text + account.secret)
      .digest('hex')
  ) {
    throw new Refused(401, `Invalid Signature ${signature}. String to sign - '${text}'.`)
  }
  if (!(Math.abs(Date.now() / 1000 - Number(signed.timestamp)) < staleSeconds)) throw new Refused(400, 'Stale request')
  return { result: stored.delete(signed.public_id) ? 'ok' : 'not found' }
}

async function formOf(request: IncomingMessage): Promise<FormData> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  const headers = { 'content-type': request.headers['content-type'] ?? '' }
  return new Response(Buffer.concat(pieces), { headers }).formData()
}
