// Visitors who zoom and pan over the map, with and without the cache, and what comes to the application:
// `node examples/8-tile-cache/trace.js [port of the gateway] [port of the application]`
import http from 'node:http'
import { pathToFileURL } from 'node:url'

const VISITORS = 120
/** Visitors who look at the same time. */
const AT_ONCE = 6
const MOVES = 12
/** Tiles that are seen at once. */
const [WIDE, HIGH] = [5, 3]
const [LEAST, MOST] = [6, 10]

/** Tiles that were asked for, and calls that came to the application: of all visitors with the cache, of the first few without. */
export async function trace(port, appPort) {
  const measured = async (name, visitors) => {
    const before = await tileCalls(appPort)
    const asked = await visits(port, `${name}.geo.localhost:${port}`, visitors)
    return { asked, calls: (await tileCalls(appPort)) - before }
  }
  return { uncached: await measured('uncached', 2), cached: await measured('cached', VISITORS) }
}

async function visits(port, host, visitors) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 * AT_ONCE })
  const next = random(7)
  // A browser keeps what it has seen: each visitor asks for a tile once.
  const walks = Array.from({ length: visitors }, () => [...new Set(walk(next))])
  let asked = 0
  const visitor = async () => {
    for (let tiles = walks.pop(); tiles !== undefined; tiles = walks.pop())
      for (const tile of tiles) {
        const { status } = await get(port, `/relief/${tile}.png`, { Host: host }, agent)
        if (status !== 200) throw new Error(`tile ${tile} was answered with ${status}`)
        asked++
      }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, visitor))
  agent.destroy()
  return asked
}

/** The tiles that somebody sees who begins with the whole island, goes closer and looks around. */
function* walk(next) {
  let zoom = LEAST
  let [x, y] = [0.4445, 0.3594]
  for (let move = 0; move < MOVES; move++) {
    const across = 2 ** zoom
    const [left, top] = [Math.floor(x * across - WIDE / 2), Math.floor(y * across - HIGH / 2)]
    for (let column = 0; column < WIDE; column++)
      for (let row = 0; row < HIGH; row++) yield `${zoom}/${left + column}/${top + row}`
    const choice = next()
    if (choice < 0.4 && zoom < MOST) zoom++
    else if (choice < 0.55 && zoom > LEAST) zoom--
    else {
      x += (next() - 0.5) * (WIDE / across)
      y += (next() - 0.5) * (HIGH / across)
      // Nobody looks for long at water only.
      x = Math.min(0.4475, Math.max(0.4415, x))
      y = Math.min(0.3615, Math.max(0.3575, y))
    }
  }
}

/** Numbers from 0 to 1, the same at each run. */
function random(seed) {
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed / 2 ** 32
  }
}

async function tileCalls(appPort) {
  const { body } = await get(appPort, '/stats', {})
  return JSON.parse(body).tiles
}

function get(port, path, headers, agent) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, headers, agent }, response => {
      let body = ''
      response.on('data', chunk => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode, body }))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [port = '8080', appPort = '3000'] = process.argv.slice(2)
  const { uncached, cached } = await trace(Number(port), Number(appPort))
  const fewer = (1 - cached.calls / cached.asked) * 100
  console.log(`without the cache: ${uncached.asked} tiles, ${uncached.calls} calls of the application`)
  console.log(`with the cache: ${cached.asked} tiles, ${fewer.toFixed(0)} % fewer calls`)
}
