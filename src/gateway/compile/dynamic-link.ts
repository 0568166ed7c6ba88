/** Targets whose host name is computed from the request: connections by computed name, the least used ones let go. */
import { isIP } from 'node:net'
import type { Dispatcher } from '../../http/index.ts'
import type { Template } from '../../plugin/contract.ts'
import { originOf, type UsableCertificates } from '../backends/origin-of.ts'
import type { PoolLease } from '../backends/pools.ts'
import type { CompiledTarget, ProxyPlan } from '../balancing/index.ts'
import type { GatewayExchange } from '../pipeline/exchange.ts'
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
  readonly #certificates: UsableCertificates
  readonly #template: Template
  readonly #leases = new Map<string, PoolLease>()

  constructor(
    target: CompiledTarget,
    proxy: ProxyPlan | null,
    env: CompileEnvironment,
    certificates: UsableCertificates,
  ) {
    this.#target = target
    this.#proxy = proxy
    this.#env = env
    this.#certificates = certificates
    this.#template = env.thread.template(target.hostname)
  }

  /** Throws `BadComputedHost`. */
  dispatcherFor(exchange: GatewayExchange): Dispatcher {
    const host = this.#template(exchange).toLowerCase()
    if (isIP(host) === 0 && !/^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,253}$/u.test(host))
      throw new BadComputedHost(host)
    const upgrade = exchange.request.upgrade !== null
    const key = upgrade ? `${host} upgrade` : host
    let lease = this.#leases.get(key)
    if (lease === undefined) {
      const { thread } = this.#env
      const origin = originOf(this.#target, host, this.#proxy, this.#certificates)
      lease = thread.pools.hold(
        upgrade && origin.protocol === 20 ? { ...origin, protocol: 11 } : origin,
        null,
      )
      if (this.#leases.size >= MOST_HOSTS) {
        const [oldest, old] = this.#leases.entries().next().value!
        this.#leases.delete(oldest)
        old.release()
      }
    } else this.#leases.delete(key)
    this.#leases.set(key, lease)
    return lease.dispatcher
  }

  release(): void {
    for (const lease of this.#leases.values()) lease.release()
    this.#leases.clear()
  }
}
