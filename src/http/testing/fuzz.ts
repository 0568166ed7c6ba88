/** Inputs for the parsers, made from a seed, and the comparison of the engine with the reference reader. */
import { BadMessage } from '../bad-message.ts'
import { ChunkDecoder } from '../chunked.ts'
import { parseRequestHead, parseResponseHead, type RequestHead, type ResponseHead } from '../head-parser.ts'
import { DEFAULT_LIMITS, type HttpLimits } from '../limits.ts'
import {
  type Field,
  type ReadHead,
  readChunked,
  readRequestHead,
  readResponseHead,
} from './reference-reader.ts'

/** Small, so that inputs of a hundred bytes reach them. */
export const tight: HttpLimits = {
  ...DEFAULT_LIMITS,
  maxTarget: 40,
  maxHead: 300,
  maxHeaderCount: 6,
  maxHeaderName: 20,
  maxHeaderValue: 60,
  maxMethod: 8,
  maxBody: 2000,
  maxChunk: 1000,
}

/** A generator of numbers below `n` (mulberry32): the same seed, the same inputs. */
export function generator(seed: number): (n: number) => number {
  return n => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

const REQUESTS = [
  'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
  'POST /a?b HTTP/1.1\r\nHost: a.b:80\r\nContent-Length: 3\r\nX-A: b c\r\n\r\nabc',
  'PUT http://h/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close, x\r\n\r\n0\r\n\r\n',
  'OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n',
  'GET /x HTTP/1.1\r\nHost: [::1]:8\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nTE: trailers\r\n\r\n',
]
const RESPONSES = [
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 204\r\nKeep-Alive: timeout=5\r\n\r\n',
  'HTTP/1.0 302 Found it\r\nLocation: /x\r\nConnection: keep-alive\r\n\r\n',
  'HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nX: \xe9\r\n\r\n',
]
const CHUNKED = [
  '3\r\nabc\r\n0\r\n\r\n',
  'a;x=y\r\n0123456789\r\n0\r\nX-T: v\r\nY: z\r\n\r\n',
  '1\r\na\r\n01\r\nb\r\n000\r\n\r\nGET',
  '5\r\n\r\n0\r\n\r\n0;e\r\n\r\n',
]
const PIECES = [
  '\r\n',
  '\r',
  '\n',
  ' ',
  '\t',
  ':',
  '\0',
  '0',
  '1',
  ',',
  ';',
  '\r\n\r\n',
  '\x7f',
  '\x80',
  '\xff',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/2.0',
  'Host: h\r\n',
  'Content-Length: 1\r\n',
  'Content-Length: +1\r\n',
  'Transfer-Encoding: chunked\r\n',
  'transfer-encoding: gzip, chunked\r\n',
  'chunked',
  'Connection: close\r\n',
  'Connection: keep-alive, a, b\r\n',
  'A: b\r\n',
  ' folded\r\n',
  'X : y\r\n',
  ': v\r\n',
  '//',
  '@',
  '#',
  '"',
  'CONNECT',
  'GET',
  'http://',
  'https://u@',
  '*',
  '?',
  'ffffffff',
  '0x',
  '-',
  '_',
  'Upgrade: h2c\r\n',
  'Expect: 100-continue\r\n',
  'aaaaaaaaaaaaaaaaaaaaaaaaa',
]

/** One input: a good text, changed a few times, or pieces put together. */
export function input(random: (n: number) => number, seeds: readonly string[]): string {
  let text = random(5) === 0 ? '' : seeds[random(seeds.length)]!
  const changes = random(4) + (text === '' ? 6 : 0)
  for (let i = 0; i < changes; i++) {
    const at = random(text.length + 1)
    const piece = PIECES[random(PIECES.length)]!
    switch (random(6)) {
      case 0:
        text = text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1)
        break
      case 1:
        text = text.slice(0, at) + text.slice(at + 1 + random(4))
        break
      case 2:
        text = text.slice(0, at) + text.slice(at, at + random(20)) + text.slice(at)
        break
      default:
        text = text.slice(0, at) + piece + text.slice(at)
    }
  }
  return text
}

export type Subject = 'request' | 'response' | 'chunked'

export const seedsOf: Readonly<Record<Subject, readonly string[]>> = {
  request: REQUESTS,
  response: RESPONSES,
  chunked: CHUNKED,
}

/** The input without which engine and reference would disagree, or null when they agree at every split. */
export function disagreement(subject: Subject, text: string): string | null {
  return subject === 'chunked' ? chunkedDisagreement(text) : headDisagreement(subject, text)
}

type Parsed = RequestHead | ResponseHead | 'more' | 'bad'

function parse(subject: 'request' | 'response', bytes: Buffer, end: number): Parsed {
  try {
    const parser = subject === 'request' ? parseRequestHead : parseResponseHead
    return parser(bytes, 0, end, tight) ?? 'more'
  } catch (error) {
    if (error instanceof BadMessage) return 'bad'
    throw error
  }
}

function headDisagreement(subject: 'request' | 'response', text: string): string | null {
  const bytes = Buffer.from(text, 'latin1')
  const read = subject === 'request' ? readRequestHead(text, tight) : readResponseHead(text, tight)
  const whole = parse(subject, bytes, bytes.length)
  if (read.kind === 'head') {
    const difference = typeof whole === 'string' ? whole : differs(read, whole)
    if (difference !== null) return `whole: reference has a head, engine: ${difference}`
    for (let end = 0; end < read.end; end++) {
      const part = parse(subject, bytes, end)
      if (part !== 'more')
        return `first ${end} bytes: engine says ${typeof part === 'string' ? part : 'head'}`
    }
    return null
  }
  if (typeof whole !== 'string') return `engine has a head, reference: ${read.kind}`
  if (read.kind === 'bad' && whole !== 'bad') return `reference refuses (${read.why}), engine: ${whole}`
  // Whatever arrives first, nothing bad becomes good.
  for (let end = 0; end < bytes.length; end++)
    if (typeof parse(subject, bytes, end) !== 'string') return `first ${end} bytes: engine has a head`
  return null
}

function differs(read: ReadHead & { kind: 'head' }, head: RequestHead | ResponseHead): string | null {
  if (read.end !== head.end) return `end ${head.end}, not ${read.end}`
  if (read.chunked !== head.chunked || read.keepAlive !== head.keepAlive) return 'framing'
  if (!read.chunked && read.length !== head.bodyLength) return `length ${head.bodyLength}`
  const absolute = 'method' in head && !/^[/*]/.test(read.start[1])
  if ('method' in head) {
    if (head.method !== read.start[0] || head.target !== read.target || head.authority !== read.authority)
      return 'start line'
  } else if (head.status !== Number(read.start[1]) || head.reason !== read.start[2]) return 'status line'
  const fields = [...head.headers]
  const same =
    absolute || (fields.length === read.fields.length && fields.every((f, i) => equal(f, read.fields[i]!)))
  return same ? null : 'fields'
}

const equal = (a: Field, b: Field): boolean => a[0] === b[0] && a[1] === b[1]

/** What the decoder makes of the bytes when they come in two parts (or bytewise for `cut` -1). */
function decode(
  bytes: Buffer,
  cut: number,
): { kind: 'more' | 'bad' | 'body'; data: string; end: number; trailers: number } {
  const decoder = new ChunkDecoder(tight)
  let data = ''
  const result = (kind: 'more' | 'bad' | 'body', end: number): ReturnType<typeof decode> => ({
    kind,
    data,
    end,
    trailers: decoder.trailers?.size ?? 0,
  })
  try {
    for (let from = 0; from < bytes.length; ) {
      const to = cut < 0 ? from + 1 : from < cut ? cut : bytes.length
      const part = bytes.subarray(from, to)
      for (let at = 0; at < part.length; ) {
        const next = decoder.step(part, at, part.length)
        data += part.toString('latin1', decoder.dataStart, decoder.dataEnd)
        if (decoder.done) return result('body', from + next)
        if (next <= at) throw new Error('the decoder stands still')
        at = next
      }
      from = to
    }
  } catch (error) {
    if (error instanceof BadMessage) return result('bad', 0)
    throw error
  }
  return result('more', 0)
}

function chunkedDisagreement(text: string): string | null {
  const bytes = Buffer.from(text, 'latin1')
  const read = readChunked(text, tight)
  for (let cut = -1; cut < bytes.length; cut++) {
    const got = decode(bytes, cut)
    if (read.kind === 'body') {
      if (got.kind !== 'body' || got.data !== read.data || got.end !== read.end)
        return `cut at ${cut}: ${got.kind} ${JSON.stringify(got.data)} up to ${got.end}, reference up to ${read.end}`
    } else if (got.kind === 'body') return `cut at ${cut}: engine has a body, reference: ${read.kind}`
    else if (read.kind === 'bad' && got.kind !== 'bad')
      return `cut at ${cut}: reference refuses, engine wants more`
  }
  return null
}

/** Runs `count` inputs from a seed; answers the first that made a difference, or null. */
export function fuzz(
  count: number,
  seed: number,
  corpus: readonly string[] = [],
): { text: string; subject: Subject; why: string } | null {
  const random = generator(seed)
  const requests = [...REQUESTS, ...corpus]
  const subjects: Subject[] = ['request', 'request', 'response', 'chunked']
  for (let i = 0; i < count; i++) {
    const subject = subjects[random(subjects.length)]!
    const text = input(random, subject === 'request' ? requests : seedsOf[subject])
    const why = disagreement(subject, text)
    if (why !== null) return { text, subject, why }
  }
  return null
}
