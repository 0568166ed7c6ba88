/** Server and client connections of the library without sockets: bytes go in and out as calls, so splits cost microseconds. */
import { EventEmitter } from 'node:events'
import type net from 'node:net'
import {
  type Call,
  DEFAULT_LIMITS,
  type Dispatcher,
  type DispatchRequest,
  type PoolLimits,
  type ResponseHandler,
} from '../../src/http/index.ts'
import { type ClientCall, Http1ClientConnection, type Http1Home } from '../../src/http/http1-client.ts'
import { Http1ServerConnection } from '../../src/http/http1-server.ts'
import { Script } from './backend.ts'
import type { WireCase } from './cases.ts'
import { proxy } from './proxy.ts'
import type { Outcome } from './run.ts'

/** As much of a socket as connections use; what happens later on a real one happens in `settle`. */
class MemorySocket extends EventEmitter {
  destroyed = false
  written = ''
  readonly connecting = false
  readonly writableLength = 0
  readonly writableNeedDrain = false
  onWrite: (() => void) | null = null
  readonly #later: (() => void)[]

  constructor(later: (() => void)[]) {
    super()
    this.#later = later
  }

  write(data: string | Buffer): boolean {
    if (this.destroyed) return true
    this.written += typeof data === 'string' ? data : data.toString('latin1')
    this.onWrite?.()
    return true
  }
  end(): void {}
  pause(): void {}
  resume(): void {}
  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.#later.push(() => this.emit('close'))
  }
  destroySoon(): void {
    this.destroy()
  }
  resetAndDestroy(): void {
    this.destroy()
  }
}

const facts = { remoteAddress: '', remotePort: 0, localPort: 0, listener: 'memory', tls: null }
const limits: PoolLimits = {
  maxConnections: 1,
  maxIdle: 0,
  idleTimeout: 1000,
  maxQueue: 0,
  http: DEFAULT_LIMITS,
}
const origin = { host: 'b', port: 1, tls: null, address: null, proxy: null, protocol: 11 } as const

/** Runs a case with the client's bytes cut at `sendCut` and the backend's at `replyCut` (0: whole). */
export function runInMemory(one: WireCase, sendCut: number, replyCut = 0): Outcome {
  const later: (() => void)[] = []
  const settle = (): void => {
    for (let step = later.shift(); step !== undefined; step = later.shift()) step()
  }
  const script = new Script(one.replies)
  const dispatcher = memoryDispatcher(script, later, replyCut)
  const socket = new MemorySocket(later)
  const connection = new Http1ServerConnection(socket as unknown as net.Socket, facts, {
    limits: DEFAULT_LIMITS,
    handler: proxy(() => dispatcher),
    draining: false,
    onClose: () => {},
  })
  const bytes = Buffer.from(one.send, 'latin1')
  for (const part of sendCut === 0 ? [bytes] : [bytes.subarray(0, sendCut), bytes.subarray(sendCut)]) {
    // The shared read buffer is overwritten by the next read; so is this one.
    const shared = Buffer.alloc(part.length)
    part.copy(shared)
    if (!socket.destroyed) connection.receive(shared, shared.length)
    settle()
    shared.fill(88)
  }
  if (one.half && !socket.destroyed) connection.finished()
  settle()
  socket.destroy()
  settle()
  return { client: socket.written, backend: script.heard }
}

function memoryDispatcher(script: Script, later: (() => void)[], replyCut: number): Dispatcher {
  return {
    busy: 0,
    open: 0,
    close() {},
    destroy() {},
    dispatch(request: DispatchRequest, handler: ResponseHandler): Call {
      const socket = new MemorySocket(later)
      const home: Http1Home = { origin, limits, free: c => c.abort(), gone() {} }
      const connection = new Http1ClientConnection(socket as unknown as net.Socket, home)
      let answered = 0
      let heard = 0
      socket.onWrite = () => {
        script.heard += socket.written.slice(heard)
        heard = socket.written.length
        for (const reply of script.replies(socket.written, answered)) {
          answered++
          const bytes = Buffer.from(reply.bytes, 'latin1')
          const parts =
            replyCut > 0 && replyCut < bytes.length
              ? [bytes.subarray(0, replyCut), bytes.subarray(replyCut)]
              : [bytes]
          for (const part of parts)
            later.push(() => {
              if (!socket.destroyed) connection.receive(Buffer.from(part), part.length)
            })
          if (reply.close)
            later.push(() => {
              if (!socket.destroyed) connection.finished()
            })
        }
      }
      const never = Number.POSITIVE_INFINITY
      const timeouts = { connect: 0, head: 0, idle: 0, total: 0 }
      const call: ClientCall = { request, handler, timeouts, headBy: never, totalBy: never, again: null }
      // Connecting takes a turn, as it does outside.
      later.push(() => connection.send(call))
      return {
        write: chunk => connection.write(chunk),
        end: trailers => connection.end(trailers ?? null),
        resume: () => connection.resume(),
        abort: () => connection.abort(),
      }
    },
  }
}
