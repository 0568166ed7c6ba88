/** Targets whose host name is computed from the request: connections by computed name, the least used ones let go. */
import { isIP } from 'node:net'
import type { Dispatcher } from '../../http/index.ts'
import type { Exchange, Template } from '../../plugin/contract.ts'
import { originOf } from '../backends/origin-of.ts'
import type { PoolLease } from '../backends/pools.ts'
import type { CompiledTarget, ProxyPlan } from '../balancing/index.ts'
import type { CompileEnvironment } from './environment.ts'

/** The computed host is no host name: nothing is sent. */
export class BadComputedHost extends Error {
  constructor(host: string) {
    super(`the computed host ${JSON.stringify(host.slice(0, 100))} is not a host name`)
    this.name = 'BadComputedHost'
  }
}

/** Pools kept for one target; requests of a client must not make them grow without end. */
const MOST_HOSTS = 64

/** Connections to whatever host the requests of a target compute. */
export class DynamicLink {
  readonly #target: CompiledTarget
  readonly #proxy: ProxyPlan | null
  readonly #env: CompileEnvironment
  readonly #template: Template
  readonly #leases = new Map<string, PoolLease>()

  constructor(target: CompiledTarget, proxy: ProxyPlan | null, env: CompileEnvironment) {
    this.#target = target
    this.#proxy = proxy
    this.#env = env
    this.#template = env.thread.template(target.hostname)
  }

  /** Throws `BadComputedHost`. */
  dispatcherFor(exchange: Exchange): Dispatcher {
    const host = this.#template(exchange).toLowerCase()
    if (isIP(host) === 0 && !/^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,253}$/u.test(host))
      throw new BadComputedHost(host)
    let lease = this.#leases.get(host)
    if (lease === undefined) {
      const { thread, certificates } = this.#env
      lease = thread.pools.hold(originOf(this.#target, host, this.#proxy, certificates), null)
      if (this.#leases.size >= MOST_HOSTS) {
        const [oldest, old] = this.#leases.entries().next().value!
        this.#leases.delete(oldest)
        old.release()
      }
    } else this.#leases.delete(host)
    this.#leases.set(host, lease)
    return lease.dispatcher
  }

  release(): void {
    for (const lease of this.#leases.values()) lease.release()
    this.#leases.clear()
  }
}
