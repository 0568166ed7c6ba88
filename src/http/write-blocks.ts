/**
 * Writes copies of bytes that are valid only now, in blocks that are used again once the socket has let go of them. A body
 * that flows through leaves no garbage: fresh copies would pile up to some 70 MB before the collector takes notice.
 */
import type net from 'node:net'

/** Half and whole of a full read, with room for a head or the framing of a chunk. */
const SIZES = [34_816, 67_584] as const
/**
 * Below, a block would be more than half empty, and many slow readers would hold much more than what waits for them: such
 * bytes go as text, which the collector knows the size of.
 */
const LEAST = SIZES[0] / 2
/** Free blocks kept of each size. */
const MOST_FREE = 16

const free: readonly [Buffer[], Buffer[]] = [[], []]

/**
 * Writes `before` (latin1), `bytes` and `after` (latin1) at once. The caller may use the memory of `bytes` again when this
 * returns.
 */
export function writeCopy(socket: net.Socket, before: string, bytes: Buffer, after: string): void {
  const length = before.length + bytes.length + after.length
  if (length < LEAST) {
    socket.write(before + bytes.toString('latin1') + after, 'latin1')
    return
  }
  if (length > SIZES[1]) {
    socket.write(filled(Buffer.allocUnsafe(length), before, bytes, after))
    return
  }
  const kind = length <= SIZES[0] ? 0 : 1
  const blocks = free[kind]
  const block = blocks.pop() ?? Buffer.allocUnsafeSlow(SIZES[kind])
  // Called when the system has the bytes, or the socket is closed and the write with it: never while they are read.
  socket.write(filled(block, before, bytes, after).subarray(0, length), () => {
    if (blocks.length < MOST_FREE) blocks.push(block)
  })
}

function filled(block: Buffer, before: string, bytes: Buffer, after: string): Buffer {
  const from = before === '' ? 0 : block.write(before, 0, 'latin1')
  bytes.copy(block, from)
  if (after !== '') block.write(after, from + bytes.length, 'latin1')
  return block
}
