/** What the cache knows of one request while it is under way. Held apart from the exchange, so that it ends with it. */
import {
  type Directives,
  type Field,
  type Filling,
  type Forwarded,
  type PinnedAnswer,
  readDirectives,
} from '../../cache/index.ts'
import { FirstObjects } from '../../http/first-objects.ts'
import type { BackendResponse, Exchange } from '../../plugin/index.ts'
import type { Places } from './cache-place.ts'

const firstObjects = new FirstObjects()

export class Visit {
  readonly places: Places
  /** Purges and invalidations there were when the request came. */
  readonly since: number
  /** Cache directives of the request. */
  readonly wishes: Directives
  /** Part that the client wants, or null. */
  readonly range: string | null
  /** When the backend is asked, epoch milliseconds. */
  asked = Date.now()
  /** Kept answer that the backend is asked about. */
  stored: PinnedAnswer | null = null
  /** Kept answer whose body goes to the client. */
  serving: PinnedAnswer | null = null
  filling: Filling | null = null
  /** Answer without a body, kept once the request is over if it is still the one. */
  bodyless: BackendResponse | null = null
  forwarded: Forwarded = 'uri-miss'
  collapsed = false
  /** An unsafe method: nothing is kept or given out, but its URL may change. */
  readonly unsafe: boolean
  /** The answer may be kept. */
  readonly storable: boolean
  #over = false

  constructor(exchange: Exchange, places: Places, since: number, unsafe: boolean) {
    const { method, headers } = exchange.upstream
    this.places = places
    this.since = since
    this.unsafe = unsafe
    this.wishes = readDirectives(headers.getAll('cache-control'))
    this.range = headers.get('range') ?? null
    this.storable = method === 'GET'
    firstObjects.note(this)
  }

  get over(): boolean {
    return this.#over
  }

  /** The request to the backend asks whether the kept answer still holds, in place of what the client asks. */
  ask({ upstream }: Exchange, conditions: readonly Field[]): void {
    if (this.storable && this.range === null) {
      upstream.headers.delete('if-none-match')
      upstream.headers.delete('if-modified-since')
    }
    for (const [name, value] of conditions) upstream.headers.set(name, value)
    upstream.headers.set('X-Otoroshi-Cache', 'MISS')
    this.asked = Date.now()
  }

  /** Gives everything back. */
  end(exchange: Exchange): void {
    if (this.#over) return
    this.#over = true
    this.stored?.release()
    this.serving?.release()
    if (this.bodyless !== null && this.bodyless === responseOf(exchange)) this.filling?.complete()
    this.filling?.abandon()
  }
}

function responseOf(exchange: Exchange): BackendResponse | null {
  try {
    return exchange.response
  } catch {
    return null
  }
}
