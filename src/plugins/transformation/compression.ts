/**
 * Compression of answers. Of several compressors on a route the one whose coding the client likes best compresses, behind all
 * other plugins, so that those see bodies they can read.
 *
 * Guarantees: what is encoded already, partial, or not to be transformed (`Cache-Control: no-transform`) stays as it is; `Vary` is
 * on each answer that could have been compressed; the entity tag of a compressed answer is weak; bodies of unknown length stream, and
 * what came is passed on whenever the backend pauses.
 */
import { guardedRegex, wildcard } from '../../expression/index.ts'
import { attribute, type Exchange, type PluginInstance, schema as v } from '../../plugin/index.ts'
import { bodyChanged } from '../changed-body.ts'
import { count, noTexts, setting, texts } from '../settings.ts'
import { acceptedCodings, weightOfCoding } from './accept-encoding.ts'
import { type Coding, encodeAt, encoding } from './content-coding.ts'
import { unknownLength } from './whole-body.ts'

/** Settings of a compressor. `usual`, `least` and `most`: its levels. */
export function compressionSettings(usual: number, least: number, most: number) {
  const level = v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most))
  const bufferSize = v.pipe(count, v.minValue(64), v.maxValue(16_777_216))
  return v.looseObject({
    excluded_patterns: setting(texts, noTexts, 'Patterns of paths with their query that are left alone'),
    allowed_list: setting(
      texts,
      () => ['text/*', 'application/javascript', 'application/json'],
      'Content types that are compressed, `*` is any text; an empty list means all that are not in blocked_list',
    ),
    blocked_list: setting(texts, noTexts, 'Content types that are not compressed, for an empty allowed_list'),
    buffer_size: setting(bufferSize, 8192, 'Kept for Otoroshi; buffers are those of zlib'),
    chunked_threshold: setting(
      count,
      102_400,
      'Answers whose length is known and not above this are compressed whole, and keep a length',
    ),
    compression_level: setting(level, usual, `Level, ${least} to ${most}`),
  })
}

type Settings = v.InferOutput<ReturnType<typeof compressionSettings>>

interface Compressor {
  readonly coding: Coding
  readonly level: number
  readonly wholeUpTo: number
  /** The path and the content type are those the settings mean. */
  fits(exchange: Exchange): boolean
}

/** The compressors of the route, from the response phase to the late one. */
const compressors = attribute<Compressor[]>('compressors')

/** With equal weights: what is smaller, then what is quicker. */
const PREFERENCE: readonly Coding[] = ['br', 'zstd', 'gzip']

/** The phases of a compressor. Throws `UnsupportedPattern`. */
export function compression(coding: Coding, config: Settings): PluginInstance {
  const excluded = config.excluded_patterns.map(pattern => guardedRegex(pattern))
  const allowed = config.allowed_list.map(type => wildcard(type.trim().toLowerCase()))
  const blocked = config.blocked_list.map(type => wildcard(type.trim().toLowerCase()))
  const compressor: Compressor = {
    coding,
    level: config.compression_level,
    wholeUpTo: config.chunked_threshold,
    fits({ request, response }) {
      const type = (response.headers.get('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
      if (type === '') return false
      const listed = allowed.length > 0 ? allowed.some(is => is(type)) : !blocked.some(is => is(type))
      return listed && !excluded.some(pattern => pattern.matchesWhole(request.target))
    },
  }
  return {
    response({ attributes }) {
      const known = attributes.get(compressors)
      if (known === undefined) attributes.set(compressors, [compressor])
      else known.push(compressor)
    },
    lateResponse(exchange) {
      const all = exchange.attributes.get(compressors)
      if (all === undefined) return undefined
      exchange.attributes.delete(compressors)
      return compress(exchange, all)
    },
  }
}

function compress(exchange: Exchange, all: readonly Compressor[]): Promise<undefined> | undefined {
  if (!canBeCompressed(exchange)) return undefined
  const fitting = all.filter(compressor => compressor.fits(exchange))
  if (fitting.length === 0) return undefined
  const { headers, body } = exchange.response
  vary(exchange)
  const weights = acceptedCodings(exchange.request.headers.getAll('accept-encoding'))
  const chosen = best(fitting, coding => weightOfCoding(weights, coding))
  if (chosen === null) return undefined
  if (exchange.request.method === 'HEAD') {
    unknownLength(body)
    return undefined
  }
  const { coding, level, wholeUpTo } = chosen
  if (body.length > 0 && body.length <= wholeUpTo)
    return body.read(body.length).then(async bytes => {
      const smaller = await encodeAt(bytes, coding, level)
      if (smaller.length >= bytes.length) return undefined
      body.replace(smaller)
      encoded(exchange, coding)
      return undefined
    })
  encoded(exchange, coding)
  body.pipe(encoding(coding, body.length < 0, level))
  headers.delete('content-length')
  return undefined
}

/** The whole answer is there to be read, as it is. */
function canBeCompressed({ request, response: { status, headers, body } }: Exchange): boolean {
  if (status === 204 || status === 206 || status === 304 || headers.has('content-range')) return false
  if (body.length === 0 && request.method !== 'HEAD') return false
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (coding !== '' && coding !== 'identity') return false
  return !/(?:^|[\s,])no-transform(?:$|[\s,])/i.test(headers.getAll('cache-control').join(','))
}

function best(fitting: readonly Compressor[], weight: (coding: Coding) => number): Compressor | null {
  let chosen: Compressor | null = null
  for (const coding of PREFERENCE) {
    const candidate = fitting.find(compressor => compressor.coding === coding)
    if (candidate === undefined || weight(coding) === 0) continue
    if (chosen === null || weight(coding) > weight(chosen.coding)) chosen = candidate
  }
  return chosen
}

function encoded({ response: { headers } }: Exchange, coding: Coding): void {
  headers.set('Content-Encoding', coding)
  bodyChanged(headers)
}

/** Caches are told, whether this client takes a coding or not. */
function vary({ response: { headers } }: Exchange): void {
  const known = headers.getAll('vary').join(',')
  if (/(?:^|,)\s*(?:\*|accept-encoding)\s*(?:$|,)/i.test(known)) return
  headers.set('Vary', known === '' ? 'Accept-Encoding' : `${known}, Accept-Encoding`)
}
