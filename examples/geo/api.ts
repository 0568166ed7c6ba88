/** The geographic interface: addresses, risks, favourites. It knows nothing of keys, quotas, origins or logins. */
import type { IncomingMessage } from 'node:http'
import { type Answer, json, problem } from './answer.ts'
import { TOWNS } from './places.ts'
import { risksAt } from './risks.ts'
import { search } from './search.ts'

const MOST_FAVOURITES = 20
const LONGEST_BODY = 4_096

/** `GET /api/search?q=…&limit=…` */
export function searchAnswer(query: URLSearchParams): Answer {
  const text = query.get('q') ?? ''
  const limit = Number(query.get('limit') ?? 5)
  if (text.trim() === '') return problem(400, 'q, what to look for, is missing')
  if (!Number.isInteger(limit) || limit < 1 || limit > 50)
    return problem(400, 'limit is a number from 1 to 50')
  return json(search(text, limit))
}

/** `GET /api/risks?lon=…&lat=…` */
export function risksAnswer(query: URLSearchParams): Answer {
  const [lon, lat] = [query.get('lon'), query.get('lat')].map(text =>
    text === null ? Number.NaN : Number(text),
  )
  if (!inRange(lon, 180) || !inRange(lat, 90)) return problem(400, 'lon and lat are degrees')
  const found = risksAt({ lon, lat })
  return found === null ? problem(404, 'that is in the sea') : json({ lon, lat, ...found })
}

function inRange(degrees: number | undefined, most: number): degrees is number {
  return degrees !== undefined && Math.abs(degrees) <= most
}

/** `GET /api/towns` */
export function townsAnswer(): Answer {
  return json({ towns: TOWNS })
}

/** `GET /api/favourites`: ids of towns, kept in a cookie of the visitor. */
export function favouritesAnswer(request: IncomingMessage): Answer {
  const kept = /(?:^|;\s*)favourites=([a-z.]*)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
  return json({ favourites: kept.split('.').filter(isTown) })
}

/** `PUT /api/favourites` with `{"favourites": [ids]}` */
export async function keepFavourites(request: IncomingMessage): Promise<Answer> {
  const ids = favouritesIn(await bodyOf(request))
  if (ids === null) return problem(400, `favourites is a list of up to ${MOST_FAVOURITES} ids of towns`)
  const cookie = `favourites=${ids.join('.')}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax`
  return json({ favourites: ids }, { 'Set-Cookie': cookie })
}

function favouritesIn(text: string): readonly string[] | null {
  try {
    const { favourites } = JSON.parse(text) as { favourites?: unknown }
    if (!Array.isArray(favourites) || favourites.length > MOST_FAVOURITES) return null
    return favourites.every(isTown) ? [...new Set(favourites)] : null
  } catch {
    return null
  }
}

function isTown(id: unknown): id is string {
  return TOWNS.some(town => town.id === id)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > LONGEST_BODY) return ''
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
