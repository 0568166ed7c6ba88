/**
 * Sockets that read into one buffer shared by all sockets of the thread: an idle connection holds no read buffer, and a
 * read allocates nothing. Bytes handed to `receive` are valid only during the call.
 */
import net from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'

/** Whoever owns a socket: gets its bytes and its end. */
export interface WireOwner {
  /** False: stop reading until `resumeReading`. */
  receive(buf: Buffer, end: number): boolean
  /** The other side sent FIN. */
  finished(): void
  drained(): void
  closed(error: Error | null): void
}

const OWNER = Symbol('owner')
const FAILURE = Symbol('failure')

interface Owned {
  [OWNER]?: WireOwner
  [FAILURE]?: Error | null
}

const shared = Buffer.allocUnsafeSlow(65_536)

function onRead(this: net.Socket & Owned, length: number, buf: Buffer): boolean {
  return this[OWNER]?.receive(buf, length) ?? false
}

/** Where a socket keeps the buffer it reads into, and whom it then calls; undefined where this version of Node keeps neither. */
const reading = (() => {
  const symbols = Object.getOwnPropertySymbols(new net.Socket())
  const named = (name: string) => symbols.find(symbol => symbol.description === name)
  const [buffer, callback] = [named('kBuffer'), named('kBufferCb')]
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback }
})()

/**
 * Makes a TLS socket read into the shared buffer, too: `onread` is an option of plain sockets only. This is no public interface;
 * false where it is missing, and the socket is read through events.
 */
function readShared(socket: net.Socket): boolean {
  const inner = socket as unknown as Record<symbol, unknown> & {
    _handle?: { useUserBuffer?: (buffer: Buffer) => void } | null
  }
  const handle = inner._handle
  if (reading === undefined || typeof handle?.useUserBuffer !== 'function') return false
  // What was read before it is attached waits in the stream.
  if (!(socket instanceof tls.TLSSocket) || socket.readableLength > 0 || socket.readableFlowing === true)
    return false
  inner[reading.buffer] = shared
  inner[reading.callback] = onRead
  handle.useUserBuffer(shared)
  return true
}

export class WireSocket extends net.Socket {
  constructor(options: net.SocketConstructorOpts = {}) {
    const onread = { buffer: shared, callback: onRead as (n: number, b: Uint8Array) => boolean }
    super({ ...options, onread } as net.SocketConstructorOpts)
  }
}

/**
 * Takes an accepted socket over so that it reads into the shared buffer. `handle` of a socket is no public interface;
 * where it is missing the socket is used as it is and read through events.
 */
export function adopt(socket: net.Socket): net.Socket {
  const inner = socket as unknown as { _handle: unknown }
  const handle = inner._handle
  if (handle === null || handle === undefined) return socket
  inner._handle = null
  return new WireSocket({ handle, allowHalfOpen: true } as net.SocketConstructorOpts)
}

/**
 * Bytes of all that was written that the system has taken. The length of the stream stands still while one large write goes
 * out; what the handle still holds of it is no public interface, and counts as taken where it is missing.
 */
export function taken(socket: net.Socket): number {
  const { _handle: handle } = socket as unknown as {
    _handle?: { bytesWritten?: number; writeQueueSize?: number } | null
  }
  if (handle?.bytesWritten === undefined) return socket.bytesWritten - socket.writableLength
  return handle.bytesWritten - (handle.writeQueueSize ?? 0)
}

// One set of functions for all sockets: a listener per socket would cost memory on every idle connection.
function onData(this: net.Socket & Owned, chunk: Buffer): void {
  if (this[OWNER]?.receive(chunk, chunk.length) === false) this.pause()
}
function onEnd(this: Owned): void {
  this[OWNER]?.finished()
}
function onDrain(this: Owned): void {
  this[OWNER]?.drained()
}
function onError(this: Owned, error: Error): void {
  this[FAILURE] = error
}
function onClose(this: Owned): void {
  this[OWNER]?.closed(this[FAILURE] ?? null)
}

/** Gives the socket to an owner, taking it from the one before. */
export function attach(socket: net.Socket, owner: WireOwner): void {
  const owned = socket as net.Socket & Owned
  const bound = owned[OWNER] !== undefined
  owned[OWNER] = owner
  if (!bound) {
    if (!(socket instanceof WireSocket) && !readShared(socket)) socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('drain', onDrain)
    socket.on('error', onError)
    socket.on('close', onClose)
  }
  // A socket that reads through a callback reports its end only while it flows.
  socket.resume()
}

/** Takes the socket away from its owner and gives it as an ordinary stream, with bytes already read in front. */
export function detach(socket: net.Socket, rest: Buffer | null = null): SocketStream {
  const stream = new SocketStream(socket)
  if (rest !== null) stream.feed(rest, 0, rest.length)
  return stream
}

/**
 * Takes the socket away from its owner and gives an ordinary socket whose next bytes are `bytes`: for those who read from
 * the handle itself.
 */
export function unread(socket: net.Socket, bytes: Buffer): net.Socket {
  socket.pause()
  const inner = socket as unknown as { _handle: unknown }
  const handle = inner._handle
  let plain = socket
  if (socket instanceof WireSocket && handle !== null && handle !== undefined) {
    inner._handle = null
    plain = new net.Socket({
      handle,
      pauseOnCreate: true,
    } as unknown as net.SocketConstructorOpts)
  } else {
    socket.off('data', onData)
    socket.off('end', onEnd)
    socket.off('drain', onDrain)
    socket.off('error', onError)
    socket.off('close', onClose)
  }
  plain.unshift(bytes)
  return plain
}

/** A socket as a stream, whichever way it reads. */
export class SocketStream extends Duplex {
  readonly #socket: net.Socket
  #waiting: (() => void) | null = null

  constructor(socket: net.Socket) {
    super({ allowHalfOpen: true, autoDestroy: true, emitClose: true })
    this.#socket = socket
    attach(socket, {
      receive: (buf, end) => this.push(Buffer.from(buf.subarray(0, end))),
      finished: () => this.push(null),
      drained: () => this.#written(),
      closed: error => this.destroy(error ?? undefined),
    })
  }

  /** Puts bytes that were read before in front of those still to come. */
  feed(buf: Buffer, from: number, to: number): void {
    if (to > from) this.push(Buffer.from(buf.subarray(from, to)))
  }

  #written(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.()
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#socket.destroyed) done(new Error('the connection is closed'))
    else if (this.#socket.write(chunk)) done()
    else this.#waiting = done
  }

  override _final(done: (error?: Error | null) => void): void {
    // Done only when everything is out: the stream destroys the socket as soon as both directions are over.
    if (this.#socket.destroyed) done()
    else this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    this.#written()
    done(error)
  }
}
