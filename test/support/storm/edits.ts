/** The edits of a storm: what is asked of the admin API, what it must answer, and what a request must see afterwards. */
import { saying } from './scenery.ts'

/** What a request to a route gets. */
export interface Sight {
  readonly status: number
  /** Body of a 200; reason code of a refusal. */
  readonly text: string
}

export interface Edit {
  readonly kind: EditKind
  readonly method: string
  readonly path: string
  readonly body: string
  /** Status the admin API must answer. */
  readonly expected: number
  /** Route to look at, without `.test`; null: no route shows the edit. */
  readonly route: string | null
  /** What must be seen there; of refused edits: what was seen before. */
  readonly sight: Sight
}

const ROUTES = '/apis/proxy.otoroshi.io/v1/routes'
const BACKENDS = '/apis/proxy.otoroshi.io/v1/backends'

/** Kinds and how often each is drawn. */
const weights = {
  create: 20,
  replace: 28,
  patch: 10,
  remove: 16,
  'stored backend': 6,
  'global configuration': 1,
  'invalid JSON': 4,
  'invalid entity': 4,
  'unknown plugin': 4,
  'invalid plugin configuration': 4,
  'missing backend': 3,
} as const

export type EditKind = keyof typeof weights

/** Edits that the admin API refuses: nothing may change. */
export const refused: ReadonlySet<EditKind> = new Set(['invalid JSON', 'invalid entity'])

const draws = Object.entries(weights).flatMap(([kind, weight]) =>
  Array.from({ length: weight }, () => kind as EditKind),
)
const MOST_ROUTES = 8

/** A source of edits on routes of its own, as long as every edit is made before the next is asked for. */
export class Edits {
  readonly #name: string
  readonly #port: number
  readonly #random: () => number
  readonly #routes = new Map<string, Sight>()
  #count = 0

  /** `random`: 0 to 1, as `Math.random`. */
  constructor(name: string, port: number, random: () => number) {
    this.#name = name
    this.#port = port
    this.#random = random
  }

  /** The first edits: a stored backend and the route that uses it. */
  *first(): Iterable<Edit> {
    const id = `${this.#name}-stored`
    const none = { status: 404, text: '' }
    yield this.#edit('create', 'POST', BACKENDS, this.#saying(id, 'first'), 201, null, none)
    const route = this.#saying(id, 'unused', { backend_ref: id })
    yield this.#edit('create', 'POST', ROUTES, route, 201, id, said('first'))
  }

  next(): Edit {
    this.#count++
    const text = `${this.#name}-${this.#count}`
    const drawn = draws[Math.floor(this.#random() * draws.length)]!
    if (drawn === 'stored backend') return this.#storedBackend(text)
    if (drawn === 'global configuration') return this.#globalConfiguration(text)
    const ids = [...this.#routes.keys()]
    if (ids.length === 0 || (drawn === 'create' && ids.length < MOST_ROUTES)) return this.#create(text)
    const id = ids[Math.floor(this.#random() * ids.length)]!
    return this.#change(drawn === 'create' ? 'remove' : drawn, id, text)
  }

  #create(text: string): Edit {
    const id = `${this.#name}-route-${this.#count}`
    this.#routes.set(id, said(text))
    return this.#edit('create', 'POST', ROUTES, this.#saying(id, text), 201, id, said(text))
  }

  #change(kind: EditKind, id: string, text: string): Edit {
    const path = `${ROUTES}/${id}`
    const closing = (fault: Record<string, unknown>, reason: string): Edit => {
      const sight = { status: 503, text: reason }
      this.#routes.set(id, sight)
      return this.#edit(kind, 'PUT', path, this.#saying(id, text, fault), 200, id, sight)
    }
    const before = this.#routes.get(id)!
    switch (kind) {
      case 'remove':
        this.#routes.delete(id)
        return this.#edit(kind, 'DELETE', path, null, 200, id, { status: 404, text: 'route.not_found' })
      case 'patch':
        // A closed route stays closed by a patch of something else.
        if (before.status !== 200) return this.#change('replace', id, text)
        this.#routes.set(id, said(text))
        return this.#edit(kind, 'PATCH', path, { backend: { root: `/is/${text}` } }, 200, id, said(text))
      case 'invalid JSON':
        return { kind, method: 'PUT', path, body: '{"id": ', expected: 400, route: id, sight: before }
      case 'invalid entity':
        return this.#edit(kind, 'PUT', path, { ...this.#saying(id, text), frontend: 5 }, 400, id, before)
      case 'unknown plugin':
        return closing({ plugins: [{ plugin: 'cp:nobody.knows.Me' }] }, 'plugin.unknown')
      case 'invalid plugin configuration': {
        const plugin = 'cp:otoroshi.next.plugins.AdditionalHeadersIn'
        return closing({ plugins: [{ plugin, config: { headers: 5 } }] }, 'plugin.invalid_config')
      }
      case 'missing backend':
        return closing({ backend_ref: 'nowhere' }, 'route.invalid')
      default:
        this.#routes.set(id, said(text))
        return this.#edit('replace', 'PUT', path, this.#saying(id, text), 200, id, said(text))
    }
  }

  #storedBackend(text: string): Edit {
    const id = `${this.#name}-stored`
    const path = `${BACKENDS}/${id}`
    return this.#edit('stored backend', 'PUT', path, this.#saying(id, text), 200, id, said(text))
  }

  #globalConfiguration(text: string): Edit {
    const body = { metadata: { storm: text } }
    const nothing = { status: 0, text: '' }
    return this.#edit('global configuration', 'PATCH', '/api/globalconfig', body, 200, null, nothing)
  }

  #saying(id: string, text: string, more: Record<string, unknown> = {}): Record<string, unknown> {
    return saying(id, text, this.#port, more)
  }

  #edit(
    kind: EditKind,
    method: string,
    path: string,
    body: Record<string, unknown> | null,
    expected: number,
    route: string | null,
    sight: Sight,
  ): Edit {
    return { kind, method, path, body: body === null ? '' : JSON.stringify(body), expected, route, sight }
  }
}

function said(text: string): Sight {
  return { status: 200, text }
}

/** The same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
