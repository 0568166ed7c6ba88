/** One call to the backend: the request body out, the answer in. Lives between a `Run` and a `Call`. */
import type { Duplex } from 'node:stream'
import { FirstObjects } from '../../http/first-objects.ts'
import {
  type BodyReader,
  type Call,
  type CallTimeouts,
  type Dispatcher,
  type DispatchRequest,
  type HeaderBlock,
  type ResponseHandler,
  TransportError,
} from '../../http/index.ts'
import { BodyFault } from '../../plugin/body-fault.ts'
import { BodyTooLarge } from '../../plugin/body-too-large.ts'
import type { CompiledTarget, TimeoutProfile } from '../balancing/index.ts'
import type { MessageBody } from './message-body.ts'

/** Whoever asked for the call. Nothing is called after `failed`, or once the transfer was given up. */
export interface TransferOwner {
  /** The head of the final answer; its body waits until `attach`. */
  answered(transfer: Transfer, status: number, reason: string, headers: HeaderBlock, length: number): void
  informed(status: number, headers: HeaderBlock): void
  upgraded(transfer: Transfer, status: number, headers: HeaderBlock, stream: Duplex): void
  /** No head will come. `clientFault`: the request body broke, so the client is to blame. */
  failed(transfer: Transfer, error: TransportError, clientFault: Error | null): void
  /** Bytes of the request body were sent on. */
  sent(bytes: number): void
  flush(): void
  /** The backend takes more of the request body. */
  resumeBody(): void
}

const firstObjects = new FirstObjects()

export class Transfer implements ResponseHandler, BodyReader {
  readonly target: CompiledTarget
  readonly profile: TimeoutProfile
  readonly probe: boolean
  readonly #owner: TransferOwner
  readonly #body: MessageBody | null
  #call: Call | null = null
  #sink: BodyReader | null = null
  #held: Buffer[] | null = null
  #ended = false
  #trailers: HeaderBlock | null = null
  #error: TransportError | null = null
  #clientFault: Error | null = null
  #over = false
  #headSeen = false
  #bodyStarted = false

  /** `body` null: the request has none. */
  constructor(
    owner: TransferOwner,
    target: CompiledTarget,
    profile: TimeoutProfile,
    probe: boolean,
    body: MessageBody | null,
  ) {
    this.#owner = owner
    this.target = target
    this.profile = profile
    this.probe = probe
    this.#body = body
    firstObjects.note(this)
  }

  start(dispatcher: Dispatcher, request: DispatchRequest, timeouts: CallTimeouts): void {
    this.#call = dispatcher.dispatch(request, this, timeouts)
    if (this.#over) this.#call.abort()
  }

  /** The head has come: what happens now is no failure of the attempt. */
  get headSeen(): boolean {
    return this.#headSeen
  }

  /** Gives the call up; nothing is called afterwards. */
  abandon(): void {
    if (this.#over) return
    this.#over = true
    this.#call?.abort()
  }

  /** Nothing more is called; the call comes to its end by itself, or is given up if its request has a body. */
  release(): void {
    if (this.#body !== null) this.abandon()
    this.#over = true
  }

  /** Sends the body of the answer to `reader`, what has arrived first. */
  attach(reader: BodyReader): void {
    this.#sink = reader
    let flowing = true
    for (const chunk of this.#held ?? []) flowing = reader.data(chunk)
    this.#held = null
    if (this.#error !== null) reader.error(this.#error)
    else if (this.#ended) reader.end(this.#trailers)
    else if (flowing) this.#call?.resume()
  }

  /** The reader takes more. */
  resume(): void {
    if (!this.#over) this.#call?.resume()
  }

  // The request body, from the client.

  data(chunk: Buffer): boolean {
    if (this.#over || this.#call === null) return true
    this.#owner.sent(chunk.length)
    return this.#call.write(chunk)
  }

  end(trailers: HeaderBlock | null): void {
    if (!this.#over) this.#call?.end(trailers)
  }

  error(error: Error): void {
    if (this.#over) return
    if (this.#headSeen) {
      // A client that breaks off is seen elsewhere; a body the gateway broke off would be awaited for ever.
      const ours = error instanceof BodyTooLarge || error instanceof BodyFault
      if (ours && !this.#ended) this.#cut(error)
      return
    }
    this.#clientFault = error
    this.#over = true
    this.#call?.abort()
    this.#owner.failed(this, new TransportError('aborted', error.message), error)
  }

  /** The backend answers already, but never gets the rest of the request: the answer ends here. */
  #cut(error: Error): void {
    const fault = new TransportError('aborted', error.message)
    this.#over = true
    this.#call?.abort()
    if (this.#sink === null) this.#error = fault
    else this.#sink.error(fault)
  }

  // The answer, from the backend.

  onConnect(): void {
    if (this.#over || this.#body === null || this.#bodyStarted) return
    this.#bodyStarted = true
    // The call is not known yet when the connection was free at once: its bytes are written a little later.
    if (this.#call === null) queueMicrotask(() => this.#over || this.#body!.flow(this))
    else this.#body.flow(this)
  }

  onInformation(status: number, headers: HeaderBlock): void {
    if (!this.#over) this.#owner.informed(status, headers)
  }

  onHead(status: number, reason: string, headers: HeaderBlock, length: number): void {
    if (this.#over) return
    this.#headSeen = true
    this.#owner.answered(this, status, reason, headers, length)
  }

  onData(chunk: Buffer): boolean {
    if (this.#over) return true
    if (this.#sink !== null) return this.#sink.data(chunk)
    this.#held ??= []
    this.#held.push(Buffer.from(chunk))
    return false
  }

  onFlush(): void {
    if (!this.#over) this.#owner.flush()
  }

  onEnd(trailers: HeaderBlock | null): void {
    if (this.#over) return
    if (this.#sink === null) {
      this.#ended = true
      this.#trailers = trailers
      return
    }
    this.#over = true
    this.#sink.end(trailers)
  }

  onUpgrade(status: number, headers: HeaderBlock, stream: Duplex): void {
    if (this.#over) {
      stream.destroy()
      return
    }
    this.#headSeen = true
    this.#over = true
    this.#owner.upgraded(this, status, headers, stream)
  }

  onDrain(): void {
    if (!this.#over) this.#owner.resumeBody()
  }

  onError(error: TransportError): void {
    if (this.#over) return
    if (!this.#headSeen) {
      this.#over = true
      this.#owner.failed(this, error, this.#clientFault)
      return
    }
    if (this.#sink === null) this.#error = error
    else {
      this.#over = true
      this.#sink.error(error)
    }
  }
}
