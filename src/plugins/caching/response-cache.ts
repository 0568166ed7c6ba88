/**
 * A shared HTTP cache in front of the backend (RFC 9111), kept in memory that all threads of the instance share.
 *
 * It stands behind the plugins that admit and change the request, and before those that change the answer: a kept answer is
 * as well guarded, and transformed, as one of the backend.
 */
import {
  type AnswerStore,
  type CacheReport,
  cacheStatus,
  confirmed,
  freshFor,
  type Found,
  type HeadFacts,
  keptFields,
  mayStandIn,
  type PinnedAnswer,
  purge,
  reuse,
  selects,
  StoredHead,
  validators,
} from '../../cache/index.ts'
import { attribute, refuse, type Exchange, type FullAnswer, type Verdict } from '../../plugin/index.ts'
import { invalidate, isAnother, takeAnswer } from './answer-taking.ts'
import { isDiverted, placesOf } from './cache-place.ts'
import { keptAnswer, partFits } from './kept-answer.ts'
import { type CacheFilter, cacheFilter, type ResponseCacheSettings } from './response-cache-settings.ts'
import { Visit } from './visit.ts'

/** Longest a request waits for the answer to another one, milliseconds. */
const PATIENCE = 10_000
/** Methods that change nothing (RFC 9110, 9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
/** Set once a response cache has looked at the request. */
const looked = attribute<boolean>('response-cache')
/** Conditions that only the backend can judge. */
const FOR_BACKEND = ['if-match', 'if-unmodified-since'] as const

/** What the cache does in one slot of one route. */
export class ResponseCache {
  readonly #store: AnswerStore
  readonly #route: ReturnType<AnswerStore['tag']>
  readonly #settings: ResponseCacheSettings
  readonly #filter: CacheFilter
  readonly #visits = new WeakMap<Exchange, Visit>()

  constructor(store: AnswerStore, settings: ResponseCacheSettings, route: string) {
    this.#store = store
    this.#route = store.tag('route', route)
    this.#settings = settings
    this.#filter = cacheFilter(settings)
  }

  /** Phase `lookup`: answers from what is kept, waits for who asks already, or prepares the request to the backend. */
  lookup(exchange: Exchange): Verdict | Promise<Verdict> {
    const known = this.#visits.get(exchange)
    if (known !== undefined) {
      // A further attempt: the request was made anew.
      if (!known.unsafe) known.ask(exchange, validatorsOf(known.stored))
      return undefined
    }
    // Of two in one chain the first counts: the other would wait for it.
    if (exchange.attributes.get(looked) !== undefined) return undefined
    exchange.attributes.set(looked, true)
    const { method } = exchange.upstream
    const unsafe = !SAFE.has(method)
    if (!unsafe && !this.#concerns(exchange)) {
      this.#store.count('bypassed')
      this.#report(exchange, { hit: false, ttl: null, forwarded: 'bypass' })
      return undefined
    }
    const visit = new Visit(
      exchange,
      placesOf(exchange, this.#store, this.#route),
      this.#store.changes,
      unsafe,
    )
    this.#visits.set(exchange, visit)
    if (unsafe) {
      visit.forwarded = 'method'
      return undefined
    }
    return this.#decide(exchange, visit, performance.now() + PATIENCE)
  }

  #concerns(exchange: Exchange): boolean {
    const { request, upstream } = exchange
    const { method, headers } = upstream
    if ((method !== 'GET' && method !== 'HEAD') || method !== request.method) return false
    if (!this.#filter.request(method, request.target)) return false
    if (request.hasBody || headers.has('upgrade') || isDiverted(exchange)) return false
    if (FOR_BACKEND.some(name => headers.has(name))) return false
    return !headers.getAll('cache-control').some(line => /(?:^|[\s,])no-store(?:$|[\s,])/i.test(line))
  }

  /** `waited`: for another one's answer, before; `late`: another thread began to ask between a look and the attempt to. */
  #decide(
    exchange: Exchange,
    visit: Visit,
    until: number,
    waited = false,
    late = false,
  ): Verdict | Promise<Verdict> {
    const now = Date.now()
    const found = this.#find(exchange, visit)
    const kept = found.answer
    if (kept !== null) {
      const verdict = reuse(kept.head, visit.wishes, now, this.#policy)
      if (verdict === 'refresh') this.#refresh(exchange, visit)
      if (verdict !== 'validate') {
        this.#store.count(verdict === 'fresh' ? 'hits' : 'stale')
        return this.#serve(exchange, visit, kept, kept.head, now)
      }
      visit.forwarded = freshFor(kept.head, now, this.#policy) > 0 ? 'request' : 'stale'
    } else if (found.any) visit.forwarded = 'vary-miss'
    if (visit.wishes.has('only-if-cached')) {
      kept?.release()
      this.#report(exchange, { hit: false, ttl: null, detail: 'only-if-cached' })
      return refuse('cache.not_kept')
    }
    if (this.#collapses(exchange, visit)) {
      const { flight } = found
      const patience = until - performance.now()
      if (flight !== null && patience > 0 && !(waited && found.any && kept === null)) {
        kept?.release()
        visit.collapsed = true
        return this.#store.flights
          .wait(flight.slot, flight.version, patience)
          .then(() => (visit.over ? undefined : this.#decide(exchange, visit, until, true)))
      }
      if (!found.pass) {
        visit.filling = this.#store.depart(visit.places.own ?? visit.places.shared)
        if (visit.filling === null && flight === null && !late) {
          kept?.release()
          return this.#decide(exchange, visit, until, waited, true)
        }
      }
    }
    visit.collapsed = false
    visit.stored = kept
    visit.ask(exchange, validatorsOf(kept))
    this.#store.count('misses')
    return undefined
  }

  #find(exchange: Exchange, visit: Visit): Found {
    const { headers } = exchange.upstream
    const fits = (head: StoredHead): boolean =>
      selects(head.facts.selected, headers) && partFits(head, visit.range, headers)
    const { own, shared } = visit.places
    const found = this.#store.find(shared.key, fits)
    if (own === null || found.answer !== null) return found
    const mine = this.#store.find(own.key, fits)
    return { ...mine, any: mine.any || found.any }
  }

  /** Requests whose answers could be for them alone do not make others wait. */
  #collapses(exchange: Exchange, visit: Visit): boolean {
    if (!this.#settings.collapse || !visit.storable || visit.range !== null) return false
    const { silent, ignoreCookies } = this.#settings
    return silent === 'heuristic' || ignoreCookies || !exchange.upstream.headers.has('cookie')
  }

  /** Fetches a new answer for the next ones. */
  #refresh(exchange: Exchange, visit: Visit): void {
    const filling = this.#store.depart(visit.places.own ?? visit.places.shared)
    if (filling === null) return
    const stored = this.#find(exchange, visit).answer
    exchange.repeat(
      copy => {
        const again = new Visit(exchange, visit.places, visit.since, false)
        again.filling = filling
        again.stored = stored
        this.#visits.set(copy, again)
      },
      copy => this.over(copy),
    )
  }

  #serve(
    exchange: Exchange,
    visit: Visit,
    kept: PinnedAnswer,
    head: StoredHead,
    now: number,
    more: Partial<CacheReport> = {},
  ): FullAnswer {
    visit.serving = kept
    const ttl = freshFor(head, now, this.#policy) / 1000
    const report: CacheReport = { hit: true, ttl, collapsed: visit.collapsed, ...more }
    this.#report(exchange, report)
    return keptAnswer(exchange, kept, head, now)
  }

  /** Phase `answered`: keeps the answer, or gives out the kept one it confirms or cannot replace. */
  answered(exchange: Exchange): Verdict {
    const visit = this.#visits.get(exchange)
    if (visit === undefined) return undefined
    const { status } = exchange.response
    const { forwarded } = visit
    if (visit.unsafe) {
      invalidate(exchange, this.#store, exchange.route.id)
      this.#report(exchange, { hit: false, ttl: null, forwarded })
      return undefined
    }
    const { stored } = visit
    visit.stored = null
    if (stored !== null && status === 304) return this.#confirmed(exchange, visit, stored)
    if (stored !== null && status >= 500 && mayStandIn(stored.head, Date.now(), this.#policy))
      return this.#standIn(exchange, visit, stored, status)
    if (stored !== null && !visit.storable && isAnother(exchange, stored.head))
      purge(this.#store, { route: exchange.route.id, urls: [visit.places.shared.url], tags: [] })
    stored?.release()
    const kept = visit.storable && takeAnswer(exchange, visit, this.#store, this.#settings, this.#filter)
    this.#report(exchange, { hit: false, ttl: null, forwarded, stored: kept, collapsed: visit.collapsed })
    return undefined
  }

  /** The backend says that the kept answer still holds. */
  #confirmed(exchange: Exchange, visit: Visit, stored: PinnedAnswer): FullAnswer {
    const { response } = exchange
    const now = Date.now()
    const fresh = keptFields(response.headers.endToEnd(), stored.head.life)
    if (!response.headers.has('date')) fresh.push(['Date', new Date(now).toUTCString()])
    const facts: HeadFacts = {
      ...stored.head.facts,
      fields: confirmed(stored.head.facts.fields, fresh),
      asked: visit.asked,
      arrived: now,
    }
    const head = new StoredHead(facts)
    const kept = this.#store.confirm(stored, facts)
    visit.filling?.abandon()
    const { forwarded } = visit
    return this.#serve(exchange, visit, stored, head, now, {
      hit: false,
      forwarded,
      forwardStatus: 304,
      stored: kept,
    })
  }

  /** The backend failed and the stale answer may be given out meanwhile. */
  #standIn(exchange: Exchange, visit: Visit, stored: PinnedAnswer, status: number): FullAnswer {
    visit.filling?.abandon()
    this.#store.count('stale')
    return this.#serve(exchange, visit, stored, stored.head, Date.now(), {
      hit: false,
      forwarded: 'stale',
      ...(status > 0 && { forwardStatus: status }),
      detail: 'stale-if-error',
    })
  }

  /** Phase `failed`: a stale answer may stand in for the error. */
  failed(exchange: Exchange): Verdict {
    const visit = this.#visits.get(exchange)
    const stored = visit?.stored ?? null
    if (visit === undefined || stored === null) return undefined
    if (!mayStandIn(stored.head, Date.now(), this.#policy)) return undefined
    visit.stored = null
    return this.#standIn(exchange, visit, stored, 0)
  }

  /** The request is over: gives back what it held, and lets others ask when it has brought no answer. */
  over(exchange: Exchange): void {
    this.#visits.get(exchange)?.end(exchange)
  }

  get #policy(): ResponseCacheSettings {
    return this.#settings
  }

  #report(exchange: Exchange, report: CacheReport): void {
    exchange.addAnswerHeader('Cache-Status', cacheStatus(report))
    exchange.note('cache', report)
  }
}

function validatorsOf(stored: PinnedAnswer | null): ReturnType<typeof validators> {
  return stored === null ? [] : validators(stored.head.fields)
}
