/**
 * Where a small answer over TLS is put together: one piece of memory for all connections of the thread, from head to last byte
 * filled and sent within a turn. Cheaper than a text, which is made, joined and made flat for each answer. Not for plain sockets: the
 * system may not take all at once, and they write texts as cheaply.
 *
 * Guarantees: one message at a time. A write to an idle TLS socket is encrypted before it returns, so the memory is free then.
 */
import type net from 'node:net'

/** Bytes of the room, and of the longest text or message less what framing adds. */
const SIZE = 20_480
export const MOST_IN_ROOM = SIZE - 64

/** Who puts a message together. */
export interface RoomOwner {
  /** Nothing of it will be sent any more. */
  readonly isOver: boolean
}

const room = Buffer.allocUnsafeSlow(SIZE)
let owner: RoomOwner | null = null
let used = 0

/** Begins a message with a text (latin1). False when the room is taken, the text too long, or the socket has something to write. */
export function enterRoom(who: RoomOwner, socket: net.Socket, text: string): boolean {
  if (owner !== null && !owner.isOver) return false
  if (text.length > MOST_IN_ROOM || socket.writableLength !== 0) return false
  owner = who
  used = room.write(text, 0, 'latin1')
  return true
}

/** Bytes of the message so far. */
export function usedInRoom(): number {
  return used
}

/** Adds a short text (latin1) to the message of whoever has the room. */
export function addText(text: string): void {
  used += room.write(text, used, 'latin1')
}

/** Adds bytes, which must fit, to the message of whoever has the room. */
export function addBytes(bytes: Buffer): void {
  bytes.copy(room, used)
  used += bytes.length
}

/** Sends the message; the room is free then. */
export function leaveRoom(socket: net.Socket): void {
  owner = null
  socket.write(room.subarray(0, used))
}
