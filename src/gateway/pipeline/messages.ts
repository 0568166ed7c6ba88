/**
 * WebSocket messages between a client and a backend, each shown to the plugins of the route. Fragments are put together,
 * pings and pongs pass, a broken frame closes both sides (RFC 6455).
 */
import type { Duplex } from 'node:stream'
import type { Exchange } from '../../plugin/contract.ts'
import type { Chain } from './chain.ts'
import { type SocketEnd, WireEnd } from './socket-ends.ts'
import { checkSocketVerdict } from './verdict.ts'

/** Largest message that is put together, bytes. */
const MOST_BYTES = 16 * 1024 * 1024
/** Messages that wait for plugins before reading stops. */
const MOST_WAITING = 16

/** One direction: the plugins that see its messages, and whom they see them for. */
export interface MessageWay {
  readonly from: SocketEnd
  readonly to: SocketEnd
  readonly exchange: Exchange
  readonly steps: Chain['message']
}

/** Reads messages on both streams and passes on what the plugins let through, in order. */
export function joinMessages(
  client: Duplex,
  backend: Duplex,
  exchange: Exchange,
  steps: Chain['message'],
): void {
  const one = new WireEnd('client', client)
  const other = new WireEnd('backend', backend)
  readFrames(one, { from: one, to: other, exchange, steps })
  readFrames(other, { from: other, to: one, exchange, steps })
}

/** Reads the frames of `end`, which is where the way begins; `first` is done before the first message. */
export function readFrames(end: WireEnd, way: MessageWay, first?: () => void | Promise<void>): void {
  const { stream } = end
  const { to } = way
  const receiver = end.receiver(MOST_BYTES)
  const readOn = (): void => {
    if (order.waiting <= MOST_WAITING && !to.full) stream.resume()
  }
  const order = new InOrder(way, readOn)
  const inOrder = (work: () => void | Promise<void>): void => {
    order.add(work)
    // A plugin that is slower than the sender stops the reading, not the memory.
    if (order.waiting > MOST_WAITING) stream.pause()
  }
  if (first !== undefined) inOrder(first)
  receiver.on('message', (data, binary) =>
    inOrder(async () => {
      await passOn(way, Buffer.from(data), binary)
      if (to.full) stream.pause()
    }),
  )
  receiver.on('ping', data => inOrder(() => to.ping(data)))
  receiver.on('pong', data => inOrder(() => to.pong(data)))
  receiver.on('conclude', (code, reason) => inOrder(() => to.conclude(code, reason)))
  receiver.on('error', error => endBoth(way, ...closeCodeOf(error)))
  stream.on('data', (chunk: Buffer) => {
    if (!receiver.destroyed && !receiver.write(chunk)) stream.pause()
  })
  receiver.on('drain', () => stream.resume())
  to.onDrain = () => stream.resume()
  stream.once('end', () => inOrder(() => to.over()))
  stream.resume()
}

/** Work of one direction, one thing after the other; what fails closes both ends. */
export class InOrder {
  readonly #way: MessageWay
  readonly #onDone: () => void
  #last: Promise<void> = Promise.resolve()
  waiting = 0

  constructor(way: MessageWay, onDone: () => void = () => {}) {
    this.#way = way
    this.#onDone = onDone
  }

  /** Resolves when the work is done, and never rejects. */
  add(work: () => void | Promise<void>): Promise<void> {
    this.waiting++
    this.#last = this.#last
      .then(work)
      .catch(() => endBoth(this.#way, 1011, 'internal_server_error'))
      .then(() => {
        this.waiting--
        this.#onDone()
      })
    return this.#last
  }
}

/** Shows a message to the plugins and sends what they make of it. */
export async function passOn(way: MessageWay, data: Buffer, binary: boolean): Promise<void> {
  const { from, to, exchange, steps } = way
  let content = data
  for (const step of steps) {
    if (to.closed) return
    const message = { direction: from.name, binary, data: content } as const
    const verdict = checkSocketVerdict(await step.run(exchange, message))
    if (verdict.action === 'drop') return
    if (verdict.action === 'close') {
      endBoth(way, verdict.code, verdict.reason)
      return
    }
    if (verdict.data !== undefined) content = verdict.data
  }
  if (!to.closed) await to.send(content, binary)
}

/** Close code and reason for a frame or message that cannot be read (RFC 6455, 7.4.1). */
function closeCodeOf(error: Error & { readonly code?: string }): [code: number, reason: string] {
  if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return [1009, 'message too big']
  if (error.code === 'WS_ERR_INVALID_UTF8') return [1007, 'invalid text']
  return [1002, 'protocol error']
}

/** Closes both ends with the same words. */
export function endBoth({ from, to }: MessageWay, code: number, reason: string): void {
  from.end(code, reason)
  to.end(code, reason)
}
