/** The calls of health checks, over connections like those of requests. */
import type { Probe, ProbeRequest, ProbeResult } from '../gateway/health/index.ts'
import type { CompiledTarget } from '../gateway/balancing/index.ts'
import type { PoolLease } from '../gateway/backends/pools.ts'
import { type Call, HeaderBlock, type ResponseHandler, type TransportError } from '../http/index.ts'

/** Connections to a target for a route. Throws when it cannot be called at all. */
export type HoldTarget = (target: CompiledTarget, routeId: string) => PoolLease

/** Makes calls over `hold`. Redirects are answers like others: they are not followed. */
export function probeThrough(hold: HoldTarget): Probe {
  return async (target, request) => {
    const lease = hold(target, request.routeId)
    try {
      return await ask(target, request, lease)
    } finally {
      lease.release()
    }
  }
}

function ask(target: CompiledTarget, request: ProbeRequest, { dispatcher }: PoolLease): Promise<ProbeResult> {
  const { method, path, headers, timeout, mostBody, signal } = request
  const fields = HeaderBlock.from([['Host', target.authority], ['Accept', '*/*'], ...headers])
  return new Promise((resolve, reject) => {
    const answer = new Answer(mostBody, resolve, reject)
    const timeouts = { connect: timeout, head: timeout, idle: timeout, total: timeout }
    const call = dispatcher.dispatch(
      { method, path, headers: fields, bodyLength: 0, upgrade: null },
      answer,
      timeouts,
    )
    answer.use(call)
    signal.addEventListener('abort', () => answer.giveUp(signal.reason))
  })
}

/** Collects the head and the beginning of the body, and lets go of the rest. */
class Answer implements ResponseHandler {
  readonly #most: number
  readonly #resolve: (result: ProbeResult) => void
  readonly #reject: (error: unknown) => void
  #call: Call | null = null
  #status = 0
  #headers: HeaderBlock | null = null
  readonly #chunks: Buffer[] = []
  #length = 0
  #over = false

  constructor(most: number, resolve: (result: ProbeResult) => void, reject: (error: unknown) => void) {
    this.#most = most
    this.#resolve = resolve
    this.#reject = reject
  }

  /** The answer may be there before the call is known. */
  use(call: Call): void {
    this.#call = call
    if (this.#over) call.abort()
  }

  giveUp(reason: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#call?.abort()
    this.#reject(reason)
  }

  #done(complete: boolean): void {
    if (this.#over) return
    this.#over = true
    if (!complete) this.#call?.abort()
    const headers = this.#headers!
    this.#resolve({
      status: this.#status,
      header: name => headers.get(name),
      body: Buffer.concat(this.#chunks),
    })
  }

  onHead(status: number, _reason: string, headers: HeaderBlock): void {
    this.#status = status
    this.#headers = headers
    if (this.#most === 0) this.#done(false)
  }

  onData(chunk: Buffer): boolean {
    if (this.#over) return true
    this.#chunks.push(Buffer.from(chunk))
    this.#length += chunk.length
    if (this.#length >= this.#most) this.#done(false)
    return true
  }

  onEnd(): void {
    this.#done(true)
  }

  onError(error: TransportError): void {
    if (this.#over) return
    this.#over = true
    this.#reject(error)
  }

  onUpgrade(): void {
    this.giveUp(new Error('the target switched protocols'))
  }

  onConnect(): void {}
  onInformation(): void {}
  onFlush(): void {}
  onDrain(): void {}
}
