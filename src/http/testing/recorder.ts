/** A response handler that writes down what it is told, and a checker that it is told it in a lawful order. */
import type { Duplex } from 'node:stream'
import {
  type Call,
  type DispatchRequest,
  type HttpVersion,
  type ResponseHandler,
  TransportError,
  UNKNOWN_LENGTH,
} from '../contract.ts'
import { HeaderBlock } from '../headers.ts'
import type { CallTimeouts, Origin, PoolLimits } from '../origin.ts'
import type { Dispatcher } from '../pool.ts'
import { quick } from './sockets.ts'

export const noTimeouts: CallTimeouts = { connect: 0, head: 0, idle: 0, total: 0 }

export const poolLimits: PoolLimits = {
  maxConnections: 10,
  maxIdle: 10,
  idleTimeout: 5000,
  maxQueue: 10,
  http: quick,
}

export function origin(port: number, more: Partial<Origin> = {}): Origin {
  return { host: '127.0.0.1', port, tls: null, address: null, proxy: null, protocol: 11, ...more }
}

export function request(
  more: Partial<DispatchRequest> & { fields?: [string, string][] } = {},
): DispatchRequest {
  return {
    method: 'GET',
    path: '/',
    headers: HeaderBlock.from([['Host', 'h'], ...(more.fields ?? [])]),
    bodyLength: 0,
    upgrade: null,
    ...more,
  }
}

export class Recorder implements ResponseHandler {
  readonly done: Promise<this>
  status = 0
  reason = ''
  headers = new HeaderBlock()
  length = 0
  version: HttpVersion = 11
  body = ''
  bytes = 0
  trailers: HeaderBlock | null = null
  error: TransportError | null = null
  stream: Duplex | null = null
  reused = false
  connects = 0
  readonly interim: number[] = []
  /** Events after the end: always a fault of the library. */
  late = 0
  onReady: (() => void) | null = null
  onDrained: (() => void) | null = null
  onChunk: ((chunk: Buffer) => boolean) | null = null
  #over = false
  #resolve: (self: this) => void = () => {}

  constructor() {
    this.done = new Promise(resolve => (this.#resolve = resolve))
  }

  #event(): void {
    if (this.#over) this.late++
  }

  onConnect(reused: boolean): void {
    this.#event()
    this.connects++
    this.reused = reused
    this.onReady?.()
  }
  onInformation(status: number): void {
    this.#event()
    this.interim.push(status)
  }
  onHead(status: number, reason: string, headers: HeaderBlock, length: number, version: HttpVersion): void {
    this.#event()
    Object.assign(this, { status, reason, headers, length, version })
  }
  onData(chunk: Buffer): boolean {
    this.#event()
    this.bytes += chunk.length
    if (this.bytes < 1_000_000) this.body += chunk.toString('latin1')
    return this.onChunk?.(chunk) ?? true
  }
  onFlush(): void {
    this.#event()
  }
  onEnd(trailers: HeaderBlock | null): void {
    this.#event()
    this.trailers = trailers
    this.#finish()
  }
  onUpgrade(status: number, headers: HeaderBlock, stream: Duplex): void {
    this.#event()
    Object.assign(this, { status, headers, stream })
    this.#finish()
  }
  onDrain(): void {
    this.#event()
    this.onDrained?.()
  }
  onError(error: TransportError): void {
    this.#event()
    this.error = error
    this.#finish()
  }
  #finish(): void {
    this.#over = true
    // Late events would come in this or the next turns.
    setTimeout(() => this.#resolve(this), 10)
  }
}

/** Dispatches a request, with a body when given, and resolves with what was recorded. */
export function call(
  pool: Dispatcher,
  more: Parameters<typeof request>[0] & { body?: string | Buffer } = {},
  timeouts: Partial<CallTimeouts> = {},
): Promise<Recorder> & { call: Call; recorder: Recorder } {
  const recorder = new Recorder()
  const body = more.body === undefined ? null : Buffer.from(more.body as string, 'latin1')
  let made: Call | null = null
  const write = (): void => {
    if (body === null || made === null) return
    made.write(body)
    made.end()
  }
  recorder.onReady = write
  const asked = request(body === null ? more : { bodyLength: more.bodyLength ?? body.length, ...more })
  const sent = pool.dispatch(asked, recorder, { ...noTimeouts, ...timeouts })
  const early = recorder.connects > 0
  made = sent
  if (early) write()
  return Object.assign(recorder.done, { call: sent, recorder })
}

export { TransportError, UNKNOWN_LENGTH }
