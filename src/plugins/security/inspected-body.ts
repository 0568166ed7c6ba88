/** Bodies of requests as plugins that look for attacks read them: whole, decompressed, and within a limit. */
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { type BackendRequest, BodyFault, BodyTooLarge, refuse } from '../../plugin/index.ts'

type Decoder = (content: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>

/** A part of a stream is looked at as well: programs that read streams work on it before they notice its end. */
const PARTS = { finishFlush: zlib.constants.Z_SYNC_FLUSH }
const gunzip: Decoder = (content, options) => promisify(zlib.gunzip)(content, { ...PARTS, ...options })

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  // The name means zlib's format, but some senders leave its frame away.
  deflate: (content, options) =>
    promisify(zlib.inflate)(content, { ...PARTS, ...options }).catch(error => {
      if (isTooLong(error)) throw error
      return promisify(zlib.inflateRaw)(content, { ...PARTS, ...options })
    }),
  br: (content, options) =>
    promisify(zlib.brotliDecompress)(content, {
      finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH,
      ...options,
    }),
  zstd: promisify(zlib.zstdDecompress),
}

/** Codings on top of each other that are taken off. */
const MOST_CODINGS = 4

/**
 * The body as texts to look at: as it is sent, and decompressed where it says that it is compressed; codings nobody here
 * knows are left on. It still goes to the backend as it came. Rejects with `BodyTooLarge` when it is longer than `limit` bytes in
 * any form, with `BodyFault` when it cannot be decompressed.
 */
export async function inspectedBody({ body, headers }: BackendRequest, limit: number): Promise<string[]> {
  let content = await body.read(limit)
  const texts = [content.toString('latin1')]
  const codings = headers.getAll('content-encoding').join(',').toLowerCase().split(',')
  const known = codings.map(name => name.trim()).filter(name => Object.hasOwn(decoders, name))
  if (known.length > MOST_CODINGS) throw broken('it is compressed too often')
  for (const coding of known.reverse()) {
    try {
      content = await decoders[coding]!(content, { maxOutputLength: Math.max(1, limit) })
    } catch (error) {
      throw isTooLong(error) ? new BodyTooLarge(limit) : broken(`it is not ${coding}`)
    }
    texts.push(content.toString('latin1'))
  }
  return texts
}

function isTooLong(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
}

function broken(detail: string): BodyFault {
  return new BodyFault(refuse('request.bad_body', { detail }))
}
