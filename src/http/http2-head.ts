/**
 * Heads of HTTP/2 messages (RFC 9113, 8): from the flat list of names and values that the session reports to a
 * `HeaderBlock`, and back. As strict as HTTP/1, so that nothing in a field can become another line behind a downgrade.
 */
import { BadMessage } from './bad-message.ts'
import { FIELD_VALUE, TARGET, TCHAR, validAuthority } from './chars.ts'
import { UNKNOWN_LENGTH } from './contract.ts'
import { lengthBit } from './field-names.ts'
import { NO_TRAILER } from './head-parser.ts'
import { HeaderBlock } from './headers.ts'
import type { HttpLimits } from './limits.ts'
import { trimmed } from './options.ts'

/** Fields that only mean something to one connection of HTTP/1: a message that has them is malformed (8.2.2). */
const CONNECTION_SPECIFIC = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** Fields that frame or negotiate on this hop: readable, never relayed. */
const PER_HOP = new Set(['content-length', 'te', 'expect', 'trailer', 'http2-settings'])

export interface Http2RequestHead {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly headers: HeaderBlock
  /** Declared length, or `UNKNOWN_LENGTH`. Says nothing about whether there is a body. */
  readonly bodyLength: number
  /** `:protocol` of an extended CONNECT (RFC 8441), or null. */
  readonly protocol: string | null
  readonly expectContinue: boolean
}

/** Gathers fields into the text and marks of a block. */
class Gatherer {
  text = ''
  readonly marks: number[] = []
  hop: Set<number> | null = null
  lengths = 0
  contentLength = UNKNOWN_LENGTH

  add(name: string, value: string): void {
    const start = this.text.length
    if (PER_HOP.has(name)) {
      this.hop ??= new Set()
      this.hop.add(this.marks.length / 4)
    }
    const nameEnd = start + name.length
    this.lengths |= lengthBit(name.length)
    this.marks.push(start, nameEnd, nameEnd + 2, nameEnd + 2 + value.length)
    this.text += `${name}: ${value}\r\n`
  }

  block(): HeaderBlock {
    return new HeaderBlock(this.text, this.marks, this.hop, true, this.lengths)
  }
}

/** Adds the ordinary fields of a message; throws `BadMessage`. Several `Cookie` fields become one (8.2.3). */
function gather(
  into: Gatherer,
  raw: readonly string[],
  limits: HttpLimits,
  seen: (n: string, v: string) => boolean,
): void {
  if (raw.length > limits.maxHeaderCount * 2) throw new BadMessage(431, 'too many header fields')
  let size = 0
  let cookies = ''
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!
    const value = raw[i + 1]!
    size += name.length + value.length + 4
    if (size > limits.maxHead) throw new BadMessage(431, 'the head is too long')
    if (name.charCodeAt(0) === 58) {
      if (!seen(name, value)) throw new BadMessage(400, 'an unexpected pseudo-header')
      continue
    }
    checkField(name, value, limits)
    if (name === 'cookie') {
      cookies = cookies === '' ? value : `${cookies}; ${value}`
      continue
    }
    if (name === 'content-length') {
      if (into.contentLength >= 0) throw new BadMessage(400, 'more than one Content-Length')
      if (!/^\d{1,15}$/.test(value)) throw new BadMessage(400, 'an invalid Content-Length')
      into.contentLength = Number(value)
    }
    if (!seen(name, value)) continue
    into.add(name, value)
  }
  if (cookies !== '') into.add('cookie', cookies)
}

function checkField(name: string, value: string, limits: HttpLimits): void {
  if (name.length > limits.maxHeaderName) throw new BadMessage(431, 'a header name is too long')
  if (value.length > limits.maxHeaderValue) throw new BadMessage(431, 'a header value is too long')
  let clean = name.length > 0
  for (let i = 0; clean && i < name.length; i++) {
    const code = name.charCodeAt(i)
    clean = code < 128 && TCHAR[code] === 1 && !(code >= 65 && code <= 90)
  }
  if (!clean) throw new BadMessage(400, 'an invalid character in a header name')
  for (let i = 0; clean && i < value.length; i++) {
    const code = value.charCodeAt(i)
    clean = code < 256 && FIELD_VALUE[code] === 1
  }
  if (!clean || trimmed(value) !== value) throw new BadMessage(400, 'an invalid character in a header value')
  if (CONNECTION_SPECIFIC.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers'))
    throw new BadMessage(400, 'a field of another connection')
}

/** The head of a request. Throws `BadMessage` with the status to answer. */
export function readRequest(raw: readonly string[], limits: HttpLimits): Http2RequestHead {
  const pseudo = new Map<string, string>()
  let host: string | null = null
  let expect: string | null = null
  const into = new Gatherer()
  // The first place is kept for Host, which HTTP/1 wants and every plugin knows.
  into.add('host', '')
  gather(into, raw, limits, (name, value) => {
    if (name.charCodeAt(0) === 58) {
      if (pseudo.has(name) || !REQUEST_PSEUDO.has(name)) return false
      pseudo.set(name, value)
      return true
    }
    if (name === 'host') {
      if (host !== null) throw new BadMessage(400, 'more than one Host')
      host = value
      return false
    }
    if (name === 'expect') expect = value
    return true
  })
  const method = pseudo.get(':method') ?? ''
  const protocol = pseudo.get(':protocol') ?? null
  checkMethod(method, protocol, limits)
  const target = pseudo.get(':path') ?? ''
  checkTarget(target, method, limits)
  const scheme = pseudo.get(':scheme')
  if (scheme !== 'http' && scheme !== 'https') throw new BadMessage(400, 'an unknown scheme')
  const authority = agreed(pseudo.get(':authority') ?? null, host)
  if (expect !== null && (expect as string).toLowerCase() !== '100-continue')
    throw new BadMessage(417, 'an unknown expectation')
  if (into.contentLength > limits.maxBody) throw new BadMessage(413, 'the body is too large')
  const headers = into.block()
  headers.set('host', authority)
  return {
    method: protocol === null ? method : 'GET',
    target,
    authority,
    headers,
    bodyLength: into.contentLength,
    protocol,
    expectContinue: expect !== null,
  }
}

const REQUEST_PSEUDO = new Set([':method', ':scheme', ':authority', ':path', ':protocol'])

function checkMethod(method: string, protocol: string | null, limits: HttpLimits): void {
  if (method.length > limits.maxMethod) throw new BadMessage(501, 'the method is too long')
  for (let i = 0; i < method.length; i++)
    if (method.charCodeAt(i) > 127 || TCHAR[method.charCodeAt(i)] === 0)
      throw new BadMessage(400, 'an invalid method')
  if (method === '') throw new BadMessage(400, 'an invalid method')
  if (method === 'CONNECT' && protocol === null) throw new BadMessage(405, 'CONNECT is not allowed')
  if (protocol !== null && method !== 'CONNECT') throw new BadMessage(400, 'a protocol without CONNECT')
  if (protocol !== null && protocol !== 'websocket') throw new BadMessage(501, 'an unknown protocol')
}

function checkTarget(target: string, method: string, limits: HttpLimits): void {
  if (target.length > limits.maxTarget) throw new BadMessage(414, 'the request target is too long')
  if (target === '*' && method === 'OPTIONS') return
  if (target.charCodeAt(0) !== 47) throw new BadMessage(400, 'an invalid request target')
  for (let i = 0; i < target.length; i++)
    if (target.charCodeAt(i) > 127 || TARGET[target.charCodeAt(i)] === 0)
      throw new BadMessage(400, 'an invalid request target')
}

/** `:authority` and `Host` may both be there, but must say the same (8.3.1). */
function agreed(authority: string | null, host: string | null): string {
  if (authority !== null && host !== null && authority.toLowerCase() !== host.toLowerCase())
    throw new BadMessage(400, ':authority and Host disagree')
  const name = authority ?? host
  if (name === null) throw new BadMessage(400, 'no Host')
  if (!validAuthority(name)) throw new BadMessage(400, 'an invalid Host')
  return name
}

/** The head of an answer, 1xx included. Throws `BadMessage`. */
export function readResponse(
  raw: readonly string[],
  limits: HttpLimits,
): { status: number; headers: HeaderBlock; bodyLength: number } {
  let status = 0
  const into = new Gatherer()
  gather(into, raw, limits, (name, value) => {
    if (name.charCodeAt(0) !== 58) return true
    if (name !== ':status' || status !== 0 || !/^[1-9]\d\d$/.test(value)) return false
    status = Number(value)
    return true
  })
  if (status === 0) throw new BadMessage(502, 'no status')
  return { status, headers: into.block(), bodyLength: into.contentLength }
}

/** Trailer fields, without those that may not come late; null when none is left. Throws `BadMessage`. */
export function readTrailers(raw: readonly string[], limits: HttpLimits): HeaderBlock | null {
  const into = new Gatherer()
  gather(into, raw, limits, name => name.charCodeAt(0) !== 58)
  const block = into.block()
  for (const name of NO_TRAILER) block.delete(name)
  return block.endToEnd().length === 0 ? null : block
}

/** Adds the end-to-end fields to the flat list of a head. `skip`: a lower-case name that is left out. */
export function writeFields(list: string[], headers: HeaderBlock, skip = ''): string[] {
  for (const [name, value] of headers.endToEnd()) {
    const lower = name.toLowerCase()
    // Only what a field block may hold: a name set by hand could still be one of another connection.
    if (lower !== skip && !CONNECTION_SPECIFIC.has(lower)) list.push(lower, trimmed(value))
  }
  return list
}

/** Trailers as the session wants them. */
export function trailerObject(trailers: HeaderBlock | null): Record<string, string[]> {
  const fields: Record<string, string[]> = { __proto__: null } as unknown as Record<string, string[]>
  if (trailers === null) return fields
  for (const [name, value] of trailers.endToEnd()) (fields[name.toLowerCase()] ??= []).push(value)
  return fields
}
