// The application of all use cases, a geographic service: `node examples/geo/server.ts [port]`. GEO_SHARED_SECRET is the secret of
// the members' page and its route.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { type Answer, json, problem } from './answer.ts'
import { favouritesAnswer, keepFavourites, risksAnswer, searchAnswer, townsAnswer } from './api.ts'
import { membersPage } from './members.ts'
import { documentation, embedding, goodbye, home, mapPage, widget } from './pages.ts'
import { reliefTile, tileAddress, townsTile } from './tiles.ts'

type Handler = (request: IncomingMessage, url: URL) => Answer | Promise<Answer>

const PORT = Number(process.argv[2] ?? 3000)
const started = new Date().toUTCString()
/** Requests of each kind since the start. */
const calls = { pages: 0, api: 0, tiles: 0, unchanged: 0 }

const file = (name: string, type: string): Handler => {
  const body = readFileSync(join(import.meta.dirname, name))
  return () => ({
    status: 200,
    headers: { 'Content-Type': type, 'Cache-Control': 'public, max-age=60' },
    body,
  })
}

const routes: Readonly<Record<string, Handler>> = {
  'GET /': home,
  'GET /map': mapPage,
  'GET /docs': () => documentation(),
  'GET /widget': () => widget(),
  'GET /embedding': embedding,
  'GET /goodbye': () => goodbye(),
  'GET /members': request => membersPage(request),
  'GET /robots.txt': () => ({
    status: 200,
    headers: { 'Content-Type': 'text/plain' },
    body: 'User-agent: *\nDisallow: /api/\n',
  }),
  'GET /openapi.json': file('openapi.json', 'application/json'),
  'GET /assets/style.css': file('assets/style.css', 'text/css'),
  'GET /assets/map.js': file('assets/map.js', 'text/javascript'),
  'GET /assets/search.js': file('assets/search.js', 'text/javascript'),
  'GET /assets/icon.svg': file('assets/icon.svg', 'image/svg+xml'),
  'GET /api/search': (_, { searchParams }) => searchAnswer(searchParams),
  'GET /api/risks': (_, { searchParams }) => risksAnswer(searchParams),
  'GET /api/towns': () => townsAnswer(),
  'GET /api/favourites': request => favouritesAnswer(request),
  'PUT /api/favourites': request => keepFavourites(request),
}

async function answerTo(request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://geo')
  const { pathname } = url
  if (pathname === '/stats') return json(calls)
  const method = request.method === 'HEAD' ? 'GET' : request.method
  if (method === 'GET' && pathname.startsWith('/tiles/')) return tile(request, pathname)
  calls[pathname.startsWith('/api/') ? 'api' : 'pages']++
  const handler = routes[`${method} ${pathname}`]
  return handler === undefined ? problem(404, 'there is nothing here') : handler(request, url)
}

/** `/tiles/relief/z/x/y.png` and `/tiles/towns/z/x/y.geojson`, good for ten minutes and to be asked for again with their ETag. */
function tile(request: IncomingMessage, path: string): Answer {
  calls.tiles++
  const parts = /^\/tiles\/(?:relief\/(\d+)\/(\d+)\/(\d+)\.png|towns\/(\d+)\/(\d+)\/(\d+)\.geojson)$/.exec(
    path,
  )
  const address = parts && tileAddress(parts[1] ?? parts[4]!, parts[2] ?? parts[5]!, parts[3] ?? parts[6]!)
  if (parts === null || address === null) return problem(404, 'there is no such tile')
  const etag = `"${createHash('sha1').update(`${started} ${path}`).digest('base64url')}"`
  const headers = { ETag: etag, 'Cache-Control': 'public, max-age=600, stale-while-revalidate=3600' }
  // A tile never changes while the application runs, so the ETag is known without drawing it.
  if (request.headers['if-none-match'] === etag) {
    calls.unchanged++
    return { status: 304, headers, body: '' }
  }
  const relief = parts[1] !== undefined
  const type = relief ? 'image/png' : 'application/geo+json'
  const body = relief ? reliefTile(address) : JSON.stringify(townsTile(address))
  return { status: 200, headers: { 'Content-Type': type, ...headers }, body }
}

const server = createServer((request, response) => {
  answerTo(request)
    .catch((error: unknown) => {
      console.error(error)
      return problem(500, 'something went wrong')
    })
    .then(({ status, headers, body }) => {
      const length = status === 304 ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
      response.writeHead(status, { 'X-Powered-By': 'Sarke Survey', ...headers, ...length })
      response.end(request.method === 'HEAD' || status === 304 ? undefined : body)
    })
})
server.listen(PORT, '127.0.0.1', () => console.log(`geo listens on http://127.0.0.1:${PORT}`))
