/**
 * WebSocket messages between a client and a backend, each shown to the plugins of the route. Fragments are put together,
 * pings and pongs pass, a broken frame closes both sides (RFC 6455).
 */
import type { Duplex, Writable } from 'node:stream'
import * as ws from 'ws'
import type { Exchange, PluginInstance, SocketMessage, SocketVerdict } from '../../plugin/contract.ts'
import type { ChainStep } from './chain.ts'

/** Largest message that is put together, bytes. */
const MOST_BYTES = 16 * 1024 * 1024

interface FrameReceiver extends Writable {
  on(event: 'message', listener: (data: Buffer, binary: boolean) => void): this
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this
  on(event: 'conclude', listener: (code: number, reason: Buffer) => void): this
  on(event: 'error', listener: (error: Error) => void): this
  on(event: 'drain', listener: () => void): this
}

interface FrameSender {
  send(
    data: Buffer,
    options: { binary: boolean; compress: boolean; fin: boolean; mask: boolean },
    done?: (error?: Error) => void,
  ): void
  ping(data: Buffer, mask: boolean): void
  pong(data: Buffer, mask: boolean): void
  close(code: number | undefined, reason: Buffer | undefined, mask: boolean): void
}

// The frame classes of the library are public but untyped.
const { Receiver, Sender } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload: number; binaryType: string }) => FrameReceiver
  Sender: new (socket: Duplex, extensions: object) => FrameSender
}

type Steps = readonly ChainStep<NonNullable<PluginInstance['message']>>[]

interface Side {
  readonly name: SocketMessage['direction']
  readonly stream: Duplex
  readonly sender: FrameSender
  /** Frames we send on this side are masked: towards backends we are a client. */
  readonly mask: boolean
  closed: boolean
}

/** Reads messages on both streams and passes on what the plugins let through, in order. */
export function joinMessages(client: Duplex, backend: Duplex, exchange: Exchange, steps: Steps): void {
  const a = side('client', client, false)
  const b = side('backend', backend, true)
  read(a, b, exchange, steps)
  read(b, a, exchange, steps)
}

function side(name: SocketMessage['direction'], stream: Duplex, mask: boolean): Side {
  return { name, stream, sender: new Sender(stream, {}), mask, closed: false }
}

function read(from: Side, to: Side, exchange: Exchange, steps: Steps): void {
  const receiver = new Receiver({
    isServer: from.name === 'client',
    maxPayload: MOST_BYTES,
    binaryType: 'nodebuffer',
  })
  let last: Promise<void> = Promise.resolve()
  let waiting = 0
  const inOrder = (work: () => void | Promise<void>): void => {
    waiting++
    // A plugin that is slower than the sender stops the reading, not the memory.
    if (waiting > 16) from.stream.pause()
    last = last
      .then(work)
      .catch(() => closeBoth(from, to, 1011, 'internal_server_error'))
      .then(() => {
        if (--waiting <= 16 && !to.stream.writableNeedDrain) from.stream.resume()
      })
  }
  receiver.on('message', (data, binary) =>
    inOrder(() => pass(from, to, exchange, steps, Buffer.from(data), binary)),
  )
  receiver.on('ping', data => inOrder(() => to.sender.ping(data, to.mask)))
  receiver.on('pong', data => inOrder(() => to.sender.pong(data, to.mask)))
  receiver.on('conclude', (code, reason) =>
    inOrder(() => {
      // 1005 stands for "no code given" and is never sent.
      if (!to.closed)
        to.sender.close(code === 1005 ? undefined : code, code === 1005 ? undefined : reason, to.mask)
      to.closed = true
    }),
  )
  receiver.on('error', error => closeBoth(from, to, ...closeCodeOf(error)))
  from.stream.on('data', (chunk: Buffer) => {
    if (!receiver.destroyed && !receiver.write(chunk)) from.stream.pause()
  })
  receiver.on('drain', () => from.stream.resume())
  to.stream.on('drain', () => from.stream.resume())
  from.stream.once('end', () => inOrder(() => void to.stream.end()))
  from.stream.resume()
}

/** Close code and reason for a frame or message that cannot be read (RFC 6455, 7.4.1). */
function closeCodeOf(error: Error & { readonly code?: string }): [code: number, reason: string] {
  if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return [1009, 'message too big']
  if (error.code === 'WS_ERR_INVALID_UTF8') return [1007, 'invalid text']
  return [1002, 'protocol error']
}

async function pass(
  from: Side,
  to: Side,
  exchange: Exchange,
  steps: Steps,
  data: Buffer,
  binary: boolean,
): Promise<void> {
  if (to.closed) return
  let content = data
  for (const step of steps) {
    const verdict: SocketVerdict = await step.run(exchange, { direction: from.name, binary, data: content })
    if (verdict.action === 'drop') return
    if (verdict.action === 'close') {
      closeBoth(from, to, verdict.code, verdict.reason)
      return
    }
    if (verdict.data !== undefined) content = verdict.data
  }
  to.sender.send(content, { binary, compress: false, fin: true, mask: to.mask })
  if (to.stream.writableNeedDrain) from.stream.pause()
}

function closeBoth(one: Side, other: Side, code: number, reason: string): void {
  for (const s of [one, other]) {
    if (s.closed) continue
    s.closed = true
    try {
      s.sender.close(code, Buffer.from(reason.slice(0, 120)), s.mask)
    } catch {
      s.stream.destroy()
      continue
    }
    s.stream.end()
  }
}
