/**
 * Parses the head of an HTTP/1.x message from a buffer in one pass (RFC 9112). Strict: everything two parsers could read
 * differently is refused. `parseRequestHead` and `parseResponseHead` answer a head, `null` (need more bytes) or throw
 * `BadMessage` with the status to answer.
 */
import { BadMessage } from './bad-message.ts'
import { CR, FIELD_VALUE, LF, SP, TARGET, TCHAR, text, validAuthority } from './chars.ts'
import type { HttpVersion } from './contract.ts'
import { UNKNOWN_LENGTH } from './contract.ts'
import { fields, scanFields } from './field-scan.ts'
import type { HeaderBlock } from './headers.ts'
import type { HttpLimits } from './limits.ts'
import { offeredProtocol, tokens, unknownCoding } from './options.ts'

export { BadMessage } from './bad-message.ts'

/** What `Connection`, `Upgrade` and the framing fields said. */
export interface Framing {
  /** Length of the body, `UNKNOWN_LENGTH` for chunked (or, in responses, for "until close"). */
  bodyLength: number
  chunked: boolean
  /** The connection may serve another message. */
  keepAlive: boolean
  /** Protocol offered by `Upgrade`, lower case, only when `Connection` lists `upgrade`. */
  upgrade: string | null
  expectContinue: boolean
  /** `TE: trailers` was sent. */
  acceptsTrailers: boolean
}

export interface RequestHead extends Framing {
  method: string
  /** Origin form or `*`. */
  target: string
  version: HttpVersion
  headers: HeaderBlock
  authority: string
  /** Scheme of an absolute-form target, or null. */
  scheme: 'http' | 'https' | null
  /** Position behind the head in the buffer. */
  end: number
}

export interface ResponseHead extends Framing {
  status: number
  reason: string
  version: HttpVersion
  headers: HeaderBlock
  /** Seconds of `Keep-Alive: timeout=n`, or -1. */
  keepAliveSeconds: number
  end: number
}

/** `HTTP/1.x` at `at`; answers 10, 11, or throws. */
function version(buf: Buffer, at: number): HttpVersion {
  // "HTTP/" then digit, dot, digit
  if (
    buf[at] !== 72 ||
    buf[at + 1] !== 84 ||
    buf[at + 2] !== 84 ||
    buf[at + 3] !== 80 ||
    buf[at + 4] !== 47
  ) {
    throw new BadMessage(400, 'no HTTP version')
  }
  const major = buf[at + 5]! - 48
  const minor = buf[at + 7]! - 48
  if (buf[at + 6] !== 46 || major < 0 || major > 9 || minor < 0 || minor > 9)
    throw new BadMessage(400, 'an invalid HTTP version')
  if (major !== 1) throw new BadMessage(505, 'HTTP version not supported')
  return minor === 0 ? 10 : 11
}

/** Parses a request head that starts at `start`. Empty lines before it are the caller's to skip. */
export function parseRequestHead(
  buf: Buffer,
  start: number,
  end: number,
  limits: HttpLimits,
): RequestHead | null {
  let at = start
  while (at < end && TCHAR[buf[at]!] === 1) at++
  if (at - start > limits.maxMethod) throw new BadMessage(501, 'the method is too long')
  if (at >= end) return null
  if (buf[at] !== SP || at === start) throw new BadMessage(400, 'an invalid method')
  const methodEnd = at++
  const targetStart = at
  while (at < end && TARGET[buf[at]!] === 1) at++
  if (at - targetStart > limits.maxTarget) throw new BadMessage(414, 'the request target is too long')
  if (at >= end) return null
  if (buf[at] !== SP || at === targetStart) throw new BadMessage(400, 'an invalid request target')
  const targetEnd = at++
  if (at + 10 > end) {
    for (let i = at; i < end; i++)
      if (buf[i]! < 32)
        if (buf[i] !== CR || i !== at + 8) throw new BadMessage(400, 'an invalid request line')
    return null
  }
  const httpVersion = version(buf, at)
  if (buf[at + 8] !== CR || buf[at + 9] !== LF) throw new BadMessage(400, 'an invalid request line')
  if (!scanFields(buf, at + 10, end, start, limits)) return null
  const method = text(buf, start, methodEnd)
  const head: RequestHead = {
    method,
    target: text(buf, targetStart, targetEnd),
    version: httpVersion,
    headers: fields.block(),
    authority: fields.host ?? '',
    scheme: null,
    bodyLength: 0,
    chunked: false,
    keepAlive: httpVersion === 11,
    upgrade: null,
    expectContinue: false,
    acceptsTrailers: false,
    end: fields.end,
  }
  if (head.target.charCodeAt(0) !== 47) resolveTarget(head)
  if (fields.host === null && httpVersion === 11) throw new BadMessage(400, 'no Host')
  if (fields.host === '' && httpVersion === 11) throw new BadMessage(400, 'an empty Host')
  if (head.authority !== '' && !validAuthority(head.authority)) throw new BadMessage(400, 'an invalid Host')
  requestFraming(head, limits)
  return head
}

/** Absolute form, asterisk form or authority form (RFC 9112, 3.2). */
function resolveTarget(head: RequestHead): void {
  const target = head.target
  if (target === '*') {
    if (head.method !== 'OPTIONS') throw new BadMessage(400, 'an invalid request target')
    return
  }
  if (head.method === 'CONNECT') throw new BadMessage(405, 'CONNECT is not allowed')
  const match = /^(https?):\/\/([^/?]+)([/?].*)?$/i.exec(target)
  if (match === null) throw new BadMessage(400, 'an invalid request target')
  const authority = match[2]!
  if (authority.includes('@')) throw new BadMessage(400, 'credentials in the request target')
  if (!validAuthority(authority)) throw new BadMessage(400, 'an invalid request target')
  // RFC 9112, 3.2.4: OPTIONS without path and query means the server itself.
  const rest = match[3] ?? (head.method === 'OPTIONS' ? '*' : '/')
  head.scheme = match[1]!.toLowerCase() as 'http' | 'https'
  head.authority = authority
  head.target = rest.startsWith('?') ? `/${rest}` : rest
  // RFC 9112, 3.2.2: the authority of the target replaces whatever Host said, but Host itself must be valid.
  if (fields.host !== null && fields.host !== '' && !validAuthority(fields.host))
    throw new BadMessage(400, 'an invalid Host')
  head.headers.set('Host', authority)
}

function requestFraming(head: RequestHead, limits: HttpLimits): void {
  if (head.method === 'CONNECT') throw new BadMessage(405, 'CONNECT is not allowed')
  if (fields.transferEncoding !== null) {
    if (fields.contentLength >= 0) throw new BadMessage(400, 'both Content-Length and Transfer-Encoding')
    if (head.version === 10) throw new BadMessage(400, 'Transfer-Encoding in HTTP/1.0')
    if (fields.transferEncoding.toLowerCase() !== 'chunked') throw unknownCoding(fields.transferEncoding)
    head.chunked = true
    head.bodyLength = UNKNOWN_LENGTH
  } else if (fields.contentLength > 0) {
    if (fields.contentLength > limits.maxBody) throw new BadMessage(413, 'the body is too large')
    head.bodyLength = fields.contentLength
  }
  if (fields.expect !== null) {
    if (fields.expect.toLowerCase() !== '100-continue') throw new BadMessage(417, 'an unknown expectation')
    head.expectContinue = head.version === 11 && head.bodyLength !== 0
  }
  connectionOptions(head)
}

function connectionOptions(head: Framing & { version: HttpVersion }): void {
  if (fields.te !== null) head.acceptsTrailers = tokens(fields.te).includes('trailers')
  const connection = fields.connection
  if (connection === null) return
  // What nearly everybody says.
  if (connection === 'keep-alive' || connection === 'close') {
    head.keepAlive = connection === 'keep-alive'
    return
  }
  const options = tokens(connection)
  if (options.includes('close')) head.keepAlive = false
  else if (options.includes('keep-alive')) head.keepAlive = true
  if (fields.upgrade !== null && head.version === 11 && options.includes('upgrade'))
    head.upgrade = offeredProtocol(fields.upgrade)
}

/** "HTTP/1.x ddd" as bytes; 0 stands for any digit. The byte behind may be a space or CR. */
const START = [72, 84, 84, 80, 47, 49, 46, 0, SP, 0, 0, 0]

/** Parses a response head that starts at `start`. Framing for the request it answers: see `responseBody`. */
export function parseResponseHead(
  buf: Buffer,
  start: number,
  end: number,
  limits: HttpLimits,
): ResponseHead | null {
  if (end - start < 13) {
    // Something that will never be an answer is told at once: its sender may say no more.
    for (let i = 0; i < end - start; i++)
      if (START[i] === 0 ? buf[start + i]! < 48 || buf[start + i]! > 57 : buf[start + i] !== START[i])
        throw new BadMessage(502, 'an invalid status line')
    return null
  }
  const httpVersion = version(buf, start)
  const status = digits3(buf, start + 9)
  if (buf[start + 8] !== SP || status < 100) throw new BadMessage(502, 'an invalid status line')
  let at = start + 12
  // The space before an empty reason is missing often enough to be accepted.
  if (buf[at] === SP) at++
  else if (buf[at] !== CR) throw new BadMessage(502, 'an invalid status line')
  const reasonStart = at
  while (at < end && FIELD_VALUE[buf[at]!] === 1) at++
  if (at - reasonStart > 1024) throw new BadMessage(502, 'the reason phrase is too long')
  if (at + 1 >= end) return null
  if (buf[at] !== CR || buf[at + 1] !== LF) throw new BadMessage(502, 'an invalid status line')
  if (!scanFields(buf, at + 2, end, start, limits)) return null
  const head: ResponseHead = {
    status,
    reason: text(buf, reasonStart, at),
    version: httpVersion,
    headers: fields.block(),
    bodyLength: fields.contentLength,
    chunked: false,
    keepAlive: httpVersion === 11,
    upgrade: null,
    expectContinue: false,
    acceptsTrailers: false,
    keepAliveSeconds: keepAliveSeconds(),
    end: fields.end,
  }
  if (fields.transferEncoding !== null) {
    if (fields.contentLength >= 0) throw new BadMessage(502, 'both Content-Length and Transfer-Encoding')
    if (fields.transferEncoding.toLowerCase() !== 'chunked')
      throw new BadMessage(502, 'an unknown transfer coding')
    if (httpVersion === 10) throw new BadMessage(502, 'Transfer-Encoding in HTTP/1.0')
    head.chunked = true
  }
  connectionOptions(head)
  return head
}

function keepAliveSeconds(): number {
  const match = fields.keepAlive === null ? null : /timeout=(\d{1,6})/i.exec(fields.keepAlive)
  return match === null ? -1 : Number(match[1])
}

function digits3(buf: Buffer, at: number): number {
  let value = 0
  for (let i = at; i < at + 3; i++) {
    const digit = buf[i]! - 48
    if (digit < 0 || digit > 9) throw new BadMessage(502, 'an invalid status line')
    value = value * 10 + digit
  }
  return value
}

/** Fields that may not come behind a body: they frame, route or authorise (RFC 9110, 6.5.1). */
export const NO_TRAILER = [
  'host',
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'content-type',
  'content-encoding',
  'content-range',
  'cache-control',
  'max-forwards',
  'location',
  'range',
  'if-match',
  'if-none-match',
]

/** Parses the trailer section that starts at `start`; null while its empty line has not come. */
export function parseTrailers(
  buf: Buffer,
  start: number,
  end: number,
  limits: HttpLimits,
): { headers: HeaderBlock | null; end: number } | null {
  if (!scanFields(buf, start, end, start, limits)) return null
  if (fields.marks.length === 0) return { headers: null, end: fields.end }
  const headers = fields.block()
  for (const name of NO_TRAILER) headers.delete(name)
  return { headers, end: fields.end }
}
