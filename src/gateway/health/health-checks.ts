/**
 * The active health checks of an instance: every target of every route whose backend asks for it, in rounds.
 *
 * Guarantees: never more calls at once than `parallel`; rounds do not overlap; a call that does not end is given up at its
 * time limit; routes may come, change and go at any time, and what was asked for a route that is gone or checks otherwise
 * now is thrown away; turning a check off brings its targets back at once. Marks are seen by the choosers of all threads.
 * To be run on one thread of an instance only. No sockets: the calls are made by `probe`.
 * Not guaranteed: that a target is well between two rounds. Targets whose host is computed from the request are not checked.
 */
import { randomInt } from 'node:crypto'
import type { SharedCells } from '../../limits/cells.ts'
import type { CompiledBackend, CompiledTarget } from '../balancing/index.ts'
import { Blame } from './blame.ts'
import { MOST_TEXT } from './body-patterns.ts'
import { compileHealthCheck, type HealthCheck } from './health-check.ts'
import { type Health, judge } from './judgement.ts'
import { answerOf, type Probe, type ProbeResult } from './probe.ts'

/** Settings `otoroshi.healthcheck.*`; durations in milliseconds. */
export interface HealthCheckSettings {
  /** From the beginning of one round to that of the next. */
  readonly interval: number
  /** From `start` to the first round. */
  readonly initialDelay: number
  /** Calls at once. */
  readonly parallel: number
  /** Life of a mark. From `interval` on, it lasts at least until the next round has had time to renew it. */
  readonly ttl: number
  /** A mark always lives its whole life, even when the target is found well. */
  readonly ttlOnly: boolean
  /** RED leaves the target out whatever the backend says. */
  readonly blockOnRed: boolean
  /** Header that carries the number of the logic check, and the one that answers it. */
  readonly logicHeader: string
  readonly logicResultHeader: string
}

/** One check of one target for one route. */
export interface HealthOutcome {
  readonly routeId: string
  readonly routeName: string
  readonly target: CompiledTarget
  readonly url: string
  /** Epoch milliseconds when the call began. */
  readonly at: number
  /** Milliseconds. */
  readonly duration: number
  /** 0 when there was no answer. */
  readonly status: number
  readonly logicOk: boolean
  readonly health: Health
  readonly error: string | null
  /** The balancer leaves the target out until then, epoch milliseconds; null when the check says nothing against it. */
  readonly markedUntil: number | null
}

export interface HealthServices {
  readonly cells: SharedCells
  readonly probe: Probe
  /** Epoch milliseconds. */
  readonly clock: () => number
  /** What it throws is dropped. */
  readonly onOutcome: (outcome: HealthOutcome) => void
  /** More header fields of the calls for a route. */
  readonly fieldsFor?: (routeId: string) => ReadonlyArray<readonly [name: string, value: string]>
}

interface CheckedRoute {
  readonly id: string
  readonly name: string
  readonly check: HealthCheck
  readonly targets: readonly CompiledTarget[]
}

/** Shortest time between two rounds, milliseconds. */
const LEAST_INTERVAL = 100
/** A round's own delays and the resolution of marks, milliseconds. */
const SLACK = 2_000

export class HealthChecks {
  readonly #settings: HealthCheckSettings
  readonly #services: HealthServices
  readonly #blame: Blame
  readonly #routes = new Map<string, CheckedRoute>()
  readonly #closing = new AbortController()
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> | null = null

  constructor(settings: HealthCheckSettings, services: HealthServices) {
    this.#settings = settings
    this.#services = services
    this.#blame = new Blame(services.cells)
  }

  /** Targets that are checked. */
  get size(): number {
    let size = 0
    for (const { targets } of this.#routes.values()) size += targets.length
    return size
  }

  /** The route is served with this backend from now on; null, or a backend without a check, ends its checks. */
  put(id: string, name: string, backend: CompiledBackend | null): void {
    if (this.#closing.signal.aborted) return
    const check = backend === null ? null : compileHealthCheck(backend.healthCheck)
    const targets = (backend?.targets ?? []).filter(target => !target.dynamicHost)
    const route = check === null || targets.length === 0 ? null : { id, name, check, targets }
    const before = this.#routes.get(id)
    if (route === null) this.#routes.delete(id)
    else this.#routes.set(id, route)
    // The new first: a mark that is still wanted must not be let go in between.
    for (const target of route?.targets ?? []) this.#blame.watch(target.key, id)
    const same = before?.check.fingerprint === route?.check.fingerprint
    for (const { key } of before?.targets ?? []) {
      if (!route?.targets.some(target => target.key === key)) this.#blame.unwatch(key, id)
      else if (!same) this.#blame.clear(key, id, false)
    }
  }

  remove(id: string): void {
    this.put(id, id, null)
  }

  /** Begins the rounds. */
  start(): void {
    if (this.#timer === null) this.#schedule(this.#settings.initialDelay)
  }

  /** Checks every target once; joins the round under way if there is one. Never rejects. */
  round(): Promise<void> {
    return (this.#round ??= this.#everyTarget().finally(() => {
      this.#round = null
    }))
  }

  /** Ends the rounds and gives up the calls under way. Marks stand for their time. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#closing.abort(new Error('health checks are over'))
    this.#routes.clear()
    this.#blame.close()
  }

  #schedule(delay: number): void {
    if (this.#closing.signal.aborted) return
    this.#timer = setTimeout(() => {
      this.#schedule(Math.max(LEAST_INTERVAL, this.#settings.interval))
      void this.round()
    }, delay)
    this.#timer.unref()
  }

  async #everyTarget(): Promise<void> {
    const waiting = this.#checks()
    const workers = Math.max(1, Math.trunc(this.#settings.parallel))
    await Promise.all(Array.from({ length: workers }, () => this.#work(waiting)))
  }

  *#checks(): Generator<[CheckedRoute, CompiledTarget]> {
    for (const route of [...this.#routes.values()]) for (const target of route.targets) yield [route, target]
  }

  async #work(waiting: Generator<[CheckedRoute, CompiledTarget]>): Promise<void> {
    // Not for-of: its end would end the generator for the other workers, too.
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      const [route, target] = next.value
      if (this.#isCurrent(route, target)) await this.#check(route, target)
    }
  }

  /** False once the route is gone, has left the target or is checked in another way. */
  #isCurrent({ id, check }: CheckedRoute, { key }: CompiledTarget): boolean {
    const route = this.#routes.get(id)
    return (
      route !== undefined &&
      route.check.fingerprint === check.fingerprint &&
      route.targets.some(target => target.key === key)
    )
  }

  async #check(route: CheckedRoute, target: CompiledTarget): Promise<void> {
    const at = this.#services.clock()
    const judged = await this.#ask(route, target)
    if (!this.#isCurrent(route, target)) return
    const now = this.#services.clock()
    const markedUntil = judged.blocks ? now + this.#markLife(route.check) : null
    if (markedUntil === null) this.#blame.clear(target.key, route.id, this.#settings.ttlOnly)
    else this.#blame.mark(target.key, route.id, markedUntil)
    const { status, logicOk, health, error } = judged
    const url = `${target.scheme}://${target.authority}${route.check.path}`
    const about = { routeId: route.id, routeName: route.name, target, url, at, duration: now - at }
    try {
      this.#services.onOutcome({ ...about, status, logicOk, health, error, markedUntil })
    } catch {}
  }

  async #ask(
    { id, check }: CheckedRoute,
    target: CompiledTarget,
  ): Promise<Pick<HealthOutcome, 'status' | 'logicOk' | 'health' | 'error'> & { blocks: boolean }> {
    const silent = { status: 0, logicOk: false, health: 'BLACK' } as const
    if (check.fault !== null) return { ...silent, error: check.fault, blocks: false }
    const { logicHeader, logicResultHeader, blockOnRed } = this.#settings
    const logic = check.logicCheck ? randomInt(2 ** 47) : null
    const own = this.#services.fieldsFor?.(id) ?? []
    const patterns = check.healthyPatterns.length + check.unhealthyPatterns.length
    const mostBody = patterns === 0 ? 0 : MOST_TEXT
    try {
      const result = await withinTime(check.timeout, this.#closing.signal, signal =>
        this.#services.probe(target, {
          routeId: id,
          method: 'GET',
          path: check.path,
          headers: logic === null ? own : [[logicHeader, String(logic)], ...own],
          timeout: check.timeout,
          mostBody,
          signal,
        }),
      )
      const { health, logicOk, undecided } = judge(
        check,
        answerOf(result, logicResultHeader, mostBody),
        logic,
      )
      const error = undecided === 0 ? null : `${undecided} regular expressions took too long`
      const blocks = health === 'RED' && (blockOnRed || check.blockOnRed)
      return { status: result.status, logicOk, health, error, blocks }
    } catch (error) {
      return { ...silent, error: error instanceof Error ? error.message : String(error), blocks: true }
    }
  }

  #markLife({ timeout }: HealthCheck): number {
    const { ttl, interval } = this.#settings
    return ttl < interval ? ttl : Math.max(ttl, interval + timeout + SLACK)
  }
}

/** Rejects at the time limit, whatever the call does. */
async function withinTime(
  timeout: number,
  closing: AbortSignal,
  call: (signal: AbortSignal) => Promise<ProbeResult>,
): Promise<ProbeResult> {
  const abort = new AbortController()
  const late = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason))
  })
  const end = () => abort.abort(closing.reason)
  const timer = setTimeout(() => abort.abort(new Error(`no answer within ${timeout} ms`)), timeout)
  closing.addEventListener('abort', end)
  try {
    return await Promise.race([call(abort.signal), late])
  } finally {
    clearTimeout(timer)
    closing.removeEventListener('abort', end)
  }
}
