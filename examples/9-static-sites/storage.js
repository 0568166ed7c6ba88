// What other companies run: a bucket that speaks the protocol of S3, and a host for downloads. `node storage.js [port]`.
import { hash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { isSigned } from './signature.js'
import { zip } from './zip.js'

const KEY = { access: 'ferry-reader', secret: 'ferry-reader-secret' }
const TYPES = { '.html': 'text/html', '.css': 'text/css', '.svg': 'image/svg+xml', '.zip': 'application/zip' }

const folder = join(import.meta.dirname, 'site')
const files = new Map(
  readdirSync(folder, { recursive: true })
    .filter(name => statSync(join(folder, name)).isFile())
    .map(name => [name, readFileSync(join(folder, name))]),
)
const downloads = new Map([
  ['site.zip', zip([...files])],
  ['ferry.svg', files.get('ferry.svg')],
])

const server = createServer((request, response) => {
  // Keys of the site have plain names, so nothing is escaped in their paths.
  const [, shelf, name] = /^\/(ferries|downloads)\/([^?]+)/.exec(request.url) ?? []
  if (shelf === 'ferries' && !isSigned(request, KEY)) return response.writeHead(403).end()
  const bytes = (shelf === 'ferries' ? files : downloads).get(name)
  if (bytes === undefined) return response.writeHead(404).end()
  const etag = `"${hash('md5', bytes)}"`
  const fields = { ETag: etag, 'Content-Type': TYPES[extname(name)], 'x-amz-request-id': '1' }
  if (request.headers['if-none-match'] === etag) return response.writeHead(304, fields).end()
  response.writeHead(200, { ...fields, 'Content-Length': bytes.length })
  response.end(request.method === 'HEAD' ? undefined : bytes)
})
const port = Number(process.argv[2] ?? 3002)
server.listen(port, '127.0.0.1', () => console.log(`storage listens on http://127.0.0.1:${port}`))
