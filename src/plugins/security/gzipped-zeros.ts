/** Zeros as gzip (RFC 1952) of a thousandth of their size, made while they are sent. */
import { constants, deflateRawSync } from 'node:zlib'
import { crcOfZeros } from './zero-crc.ts'

const MEGABYTE = 1_048_576

/** Sizes of settings, bytes. */
export const zeroSizes = {
  '10M': 10 * MEGABYTE,
  '100M': 100 * MEGABYTE,
  '1G': 1024 * MEGABYTE,
  '5G': 5 * 1024 * MEGABYTE,
  '10G': 10 * 1024 * MEGABYTE,
} as const

const HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff])
/** The last block of a deflate stream, with nothing in it (RFC 1951, 3.2.6). */
const LAST = Buffer.from([3, 0])
/** Megabytes in one piece. */
const PIECE = 64

let pieces: { readonly one: Buffer; readonly many: Buffer } | null = null

/** A megabyte of zeros ends on a byte, so that any number of them follow each other. */
function deflated(): { readonly one: Buffer; readonly many: Buffer } {
  if (pieces === null) {
    const one = deflateRawSync(Buffer.alloc(MEGABYTE), { level: 9, finishFlush: constants.Z_FULL_FLUSH })
    pieces = { one, many: Buffer.concat(new Array<Buffer>(PIECE).fill(one)) }
  }
  return pieces
}

/** Bytes of the compressed form of `size` bytes, which are whole megabytes. */
export function gzippedLength(size: number): number {
  return HEAD.length + deflated().one.length * (size / MEGABYTE) + LAST.length + 8
}

/** The compressed form of `size` zeros, in pieces of some ten kilobytes. */
export function* gzippedZeros(size: number): Generator<Buffer> {
  const { one, many } = deflated()
  yield HEAD
  let left = size / MEGABYTE
  for (; left >= PIECE; left -= PIECE) yield many
  for (; left > 0; left--) yield one
  const end = Buffer.alloc(8)
  end.writeUInt32LE(crcOfZeros(size), 0)
  end.writeUInt32LE(size % 2 ** 32, 4)
  yield Buffer.concat([LAST, end])
}
