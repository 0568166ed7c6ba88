/** Content codings (RFC 9110, 8.4.1): bodies decoded and encoded, whole and as streams. */
import type { Duplex } from 'node:stream'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import type { HeaderBlock } from '../../http/headers.ts'
import { type BodyStream, BodyTooLarge, refuse } from '../../plugin/index.ts'

export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd'
/** `identity`: not encoded. */
export type BodyCoding = Coding | 'identity'

/** RFC 9659: the window that every decoder of zstd on the web has. */
const ZSTD_WINDOW = { [zlib.constants.ZSTD_d_windowLogMax]: 23 }
const BROTLI = {
  params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5, [zlib.constants.BROTLI_PARAM_LGWIN]: 19 },
}

const known: Readonly<Record<string, BodyCoding>> = {
  '': 'identity',
  identity: 'identity',
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
  zstd: 'zstd',
}

/** The coding of a message; null for one that is not known here, or several on top of each other. */
export function codingOf(headers: HeaderBlock): BodyCoding | null {
  const name = headers.getAll('content-encoding').join(',').trim().toLowerCase()
  return Object.hasOwn(known, name) ? known[name]! : null
}

/**
 * Of `Accept-Encoding`, what can be read here: the backend is asked for nothing else, nor for `deflate`, which means two formats.
 */
export function askReadable(headers: HeaderBlock): void {
  const wanted = headers.getAll('accept-encoding')
  if (wanted.length === 0) return
  const readable = wanted
    .join(',')
    .split(',')
    .map(element => element.trim())
    .filter(element => {
      const name = element.split(';', 1)[0]!.trim().toLowerCase()
      return name !== '' && name !== 'deflate' && Object.hasOwn(known, name)
    })
  headers.set('Accept-Encoding', readable.length === 0 ? 'identity' : readable.join(', '))
}

type Whole = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer>

const inflate = promisify(zlib.inflate) as Whole
const inflateRaw = promisify(zlib.inflateRaw) as Whole
const decoders: Readonly<Record<Coding, Whole>> = {
  gzip: promisify(zlib.gunzip) as Whole,
  // The name means zlib's format, but some senders leave its frame away.
  deflate: (bytes, options) => (isZlib(bytes) ? inflate : inflateRaw)(bytes, options),
  br: promisify(zlib.brotliDecompress) as Whole,
  zstd: (bytes, options) => promisify(zlib.zstdDecompress)(bytes, { ...options, params: ZSTD_WINDOW }),
}

function isZlib(bytes: Uint8Array): boolean {
  return bytes.length > 1 && (bytes[0]! & 15) === 8 && ((bytes[0]! << 8) | bytes[1]!) % 31 === 0
}

/** Decodes a body. Rejects with `BodyTooLarge` above `limit` bytes, with an error of zlib when it is broken. */
export async function decode(bytes: Buffer, coding: BodyCoding, limit: number): Promise<Buffer> {
  if (coding === 'identity' || bytes.length === 0) return bytes
  try {
    return await decoders[coding](bytes, { maxOutputLength: Math.max(1, limit) })
  } catch (error) {
    throw (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? new BodyTooLarge(limit) : error
  }
}

/** Encodes a body at a level that is quick. */
export async function encode(bytes: Buffer, coding: BodyCoding): Promise<Buffer> {
  switch (coding) {
    case 'identity':
      return bytes
    case 'gzip':
      return promisify(zlib.gzip)(bytes)
    case 'deflate':
      return promisify(zlib.deflate)(bytes)
    case 'br':
      return promisify(zlib.brotliCompress)(bytes, BROTLI)
    case 'zstd':
      return promisify(zlib.zstdCompress)(bytes)
  }
}

/** Decodes a body while it streams. */
export function decoding(coding: Coding): BodyStream {
  return { open: () => decoder(coding), keepsNothing: true, fault: refuse('transform.bad_response_body') }
}

/**
 * Encodes a body while it streams, at the level or a quick one. `flushes`: what came goes on whenever the sender pauses, as it
 * must where the sender may pause for as long as it likes.
 */
export function encoding(coding: Coding, flushes: boolean, level?: number): BodyStream {
  return {
    open: () => encoder(coding, level),
    keepsNothing: true,
    fault: refuse('transform.failed'),
    ...(flushes && { flush: flushEncoder }),
  }
}

function decoder(coding: Coding): Duplex {
  switch (coding) {
    case 'gzip':
      return zlib.createGunzip()
    case 'deflate':
      return zlib.createInflate()
    case 'br':
      return zlib.createBrotliDecompress()
    case 'zstd':
      return zlib.createZstdDecompress({ params: ZSTD_WINDOW })
  }
}

function encoder(coding: Coding, level: number | undefined): Duplex {
  switch (coding) {
    case 'gzip':
      return zlib.createGzip(level === undefined ? {} : { level })
    case 'deflate':
      return zlib.createDeflate(level === undefined ? {} : { level })
    case 'br':
      return zlib.createBrotliCompress(brotli(level))
    case 'zstd':
      return zlib.createZstdCompress(zstd(level))
  }
}

function brotli(level = 5): zlib.BrotliOptions {
  return { params: { ...BROTLI.params, [zlib.constants.BROTLI_PARAM_QUALITY]: level } }
}

/** The window bounds what each stream holds. */
function zstd(level = 3): zlib.ZstdOptions {
  return {
    params: { [zlib.constants.ZSTD_c_compressionLevel]: level, [zlib.constants.ZSTD_c_windowLog]: 20 },
  }
}

/** Encodes a body at a level. */
export function encodeAt(bytes: Buffer, coding: Coding, level: number): Promise<Buffer> {
  if (coding === 'br') return promisify(zlib.brotliCompress)(bytes, brotli(level))
  if (coding === 'zstd') return promisify(zlib.zstdCompress)(bytes, zstd(level))
  return promisify(coding === 'gzip' ? zlib.gzip : zlib.deflate)(bytes, { level })
}

function flushEncoder(stream: Duplex, done: () => void): void {
  const { flush } = stream as Duplex & { flush: (kind: number, done: () => void) => void }
  flush.call(stream, flushKind(stream), done)
}

function flushKind(stream: Duplex): number {
  if (stream instanceof zlib.BrotliCompress) return zlib.constants.BROTLI_OPERATION_FLUSH
  if (stream instanceof zlib.ZstdCompress) return zlib.constants.ZSTD_e_flush
  return zlib.constants.Z_SYNC_FLUSH
}
