/** A route ready to serve: its chain, its targets with their connections, its balancing. Held by the requests it serves. */
import type { CallTimeouts } from '../../http/index.ts'
import type { ReasonCode } from '../../plugin/reasons.ts'
import type { Refusal } from '../../plugin/answer.ts'
import type { Exchange, RouteView, TargetView } from '../../plugin/contract.ts'
import type { Chooser, CompiledBackend, CompiledTarget, TimeoutProfile } from '../balancing/index.ts'
import type { PoolLease } from '../backends/pools.ts'
import type { Chain } from '../pipeline/chain.ts'
import { disposeQuietly } from './dispose.ts'
import type { DynamicLink } from './dynamic-link.ts'
import type { PrivateRoute } from './environment.ts'

/** A target with the connections to it. */
export interface TargetLink {
  readonly target: CompiledTarget
  readonly view: TargetView
  readonly lease: PoolLease | null
  /** Connections for WebSockets and the like where those of `lease` speak HTTP/2: few servers take them there. */
  readonly upgrades: PoolLease | null
  /** For targets whose host is computed from the request. */
  readonly dynamic: DynamicLink | null
  /** Why the target cannot be called at all, or null. */
  readonly fault: ReasonCode | null
}

/** Where a request may be sent: targets, who chooses among them, and the path there. */
export interface CallPlace {
  readonly backend: CompiledBackend | null
  readonly chooser: Chooser | null
  readonly links: readonly TargetLink[]
  /** Path and query on the backend. */
  readonly pathFor: (exchange: Exchange) => string
}

/** What of a route the request path reads. */
export interface RouteParts extends CallPlace {
  readonly id: string
  readonly view: RouteView
  readonly closed: Refusal | null
  readonly chain: Chain
  readonly debugFlow: boolean
  readonly exportReporting: boolean
  /** Id under which templates, breakers and statistics of the route are kept. */
  readonly cacheableId: string
  /** Set for the admin API: its calls go to the private listener. */
  readonly privateRoute: PrivateRoute | null
}

/** A compiled route counts the requests it serves: what it holds is given back when it is retired and idle. */
export class CompiledRoute {
  readonly parts: RouteParts
  /** Ids of certificates it has asked for, found or not. May grow: targets whose host is computed ask when called. */
  certificates: ReadonlySet<string> | null = null
  #inFlight = 0
  #retired = false
  #released = false
  readonly #timeouts: CallTimeouts[] = []

  constructor(parts: RouteParts) {
    this.parts = parts
  }

  enter(): void {
    this.#inFlight++
  }

  leave(): void {
    this.#inFlight--
    if (this.#retired && this.#inFlight === 0) this.#release()
  }

  /** No new request comes: the route was changed or removed. */
  retire(): void {
    this.#retired = true
    if (this.#inFlight === 0) this.#release()
  }

  /** Time-outs of a profile in the words of the HTTP engine. */
  timeouts(profile: TimeoutProfile): CallTimeouts {
    return (this.#timeouts[profile.index] ??= {
      connect: profile.connection,
      head: profile.call,
      idle: profile.idle,
      total: profile.callAndStream,
    })
  }

  #release(): void {
    if (this.#released) return
    this.#released = true
    const { chain, chooser, links } = this.parts
    for (const instance of chain.instances) disposeQuietly(instance)
    chooser?.close()
    releaseLinks(links)
  }
}

/** Gives the connections back. */
export function releaseLinks(links: readonly TargetLink[]): void {
  for (const link of links) {
    link.lease?.release()
    link.upgrades?.release()
    link.dynamic?.release()
  }
}
