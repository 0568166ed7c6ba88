/**
 * A second reader of HTTP/1.x, written for being obviously right: regular expressions over whole texts, no state, no
 * speed. The engine is compared with it. It shares nothing with the engine but the numbers of the limits.
 */
import type { HttpLimits } from '../limits.ts'

export type Field = readonly [name: string, value: string]

export type ReadHead =
  | { readonly kind: 'more' }
  | { readonly kind: 'bad'; readonly why: string }
  | {
      readonly kind: 'head'
      readonly start: readonly [string, string, string]
      readonly fields: readonly Field[]
      /** -1: chunked (requests) or unknown (responses). */
      readonly length: number
      readonly chunked: boolean
      readonly keepAlive: boolean
      readonly authority: string
      readonly target: string
      readonly end: number
    }

export type ReadBody =
  | { readonly kind: 'more' }
  | { readonly kind: 'bad' }
  | {
      readonly kind: 'body'
      readonly data: string
      readonly trailers: readonly Field[]
      readonly end: number
    }

const bad = (why: string): ReadHead => ({ kind: 'bad', why })

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const AUTHORITY = /^(?:[A-Za-z0-9\-._~]+|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?$/

function fieldsOf(lines: readonly string[], limits: HttpLimits): Field[] | string {
  if (lines.length > limits.maxHeaderCount) return 'count'
  const fields: Field[] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 0) return 'no colon'
    const name = line.slice(0, colon)
    // Trailing space is no part of the value, but leading space ends where the limit begins to count.
    const value = line.slice(colon + 1).replace(/^[\t ]+/, '')
    if (!NAME.test(name) || !VALUE.test(value)) return 'characters'
    if (name.length > limits.maxHeaderName || value.length > limits.maxHeaderValue) return 'length'
    fields.push([name, value.replace(/[\t ]+$/, '')])
  }
  return fields
}

const all = (fields: readonly Field[], name: string): string[] =>
  fields.filter(([n]) => n.toLowerCase() === name).map(([, v]) => v)

const goodAuthority = (text: string): boolean => {
  if (text.length > 260 || !AUTHORITY.test(text)) return false
  const port = /:([0-9]+)$/.exec(text.replace(/^\[.*\]/, ''))
  return port === null || Number(port[1]) < 65_536
}

/** Reads the head of a request at the beginning of the text. */
export function readRequestHead(text: string, limits: HttpLimits): ReadHead {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return { kind: 'more' }
  const head = text.slice(0, end)
  if (head.length + 4 > limits.maxHead) return bad('too long')
  const [line, ...lines] = head.split('\r\n')
  const start = /^(\S+) (\S+) (HTTP\/1\.[0-9])$/.exec(line!)
  if (start === null || /[\r\n]/.test(head.replaceAll('\r\n', ''))) return bad('line')
  const [, method, target, version] = start as unknown as [string, string, string, string]
  if (!NAME.test(method) || method.length > limits.maxMethod || method === 'CONNECT') return bad('method')
  if (!/^[!$-;=?-[\]_a-~]+$/.test(target) || target.length > limits.maxTarget) return bad('target')
  const fields = fieldsOf(lines, limits)
  if (typeof fields === 'string') return bad(fields)
  const old = version === 'HTTP/1.0'

  const hosts = all(fields, 'host')
  if (hosts.length > 1 || (hosts.length === 0 && !old)) return bad('host')
  if (hosts[0] !== undefined && !(hosts[0] === '' && old) && !goodAuthority(hosts[0])) return bad('host')
  let authority = hosts[0] ?? ''
  let path = target
  if (!target.startsWith('/')) {
    const absolute = /^https?:\/\/([^/?]+)(\/.*|\?.*)?$/i.exec(target)
    if (target === '*') {
      if (method !== 'OPTIONS') return bad('target')
    } else if (absolute === null || !goodAuthority(absolute[1]!)) return bad('target')
    else {
      authority = absolute[1]!
      path = absolute[2] ?? (method === 'OPTIONS' ? '*' : '/')
      if (path.startsWith('?')) path = `/${path}`
    }
  }

  const lengths = all(fields, 'content-length')
  const codings = all(fields, 'transfer-encoding')
  if (lengths.length > 1 || (lengths.length > 0 && codings.length > 0)) return bad('framing')
  if (lengths.length === 1 && !/^[0-9]{1,16}$/.test(lengths[0]!)) return bad('length')
  if (codings.length > 0 && (codings.length > 1 || codings[0]!.toLowerCase() !== 'chunked' || old))
    return bad('coding')
  const length = lengths.length === 1 ? Number(lengths[0]) : 0
  if (length > Number.MAX_SAFE_INTEGER || length > limits.maxBody) return bad('length')
  const expect = all(fields, 'expect')
  if (expect.length > 0 && (expect.length > 1 || expect[0]!.toLowerCase() !== '100-continue'))
    return bad('expect')
  const options = all(fields, 'connection')
    .join(',')
    .split(',')
    .map(o => o.replace(/^[\t ]+|[\t ]+$/g, '').toLowerCase())
    .filter(o => o !== '')
  if (new Set(options).size > 64) return bad('options')
  const keepAlive = options.includes('close') ? false : options.includes('keep-alive') ? true : !old
  const chunked = codings.length === 1
  return {
    kind: 'head',
    start: [method, target, version],
    fields,
    length: chunked ? -1 : length,
    chunked,
    keepAlive,
    authority,
    target: path,
    end: end + 4,
  }
}

/** Reads the head of a response at the beginning of the text. */
export function readResponseHead(text: string, limits: HttpLimits): ReadHead {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return { kind: 'more' }
  const head = text.slice(0, end)
  if (head.length + 4 > limits.maxHead) return bad('too long')
  const [line, ...lines] = head.split('\r\n')
  const start = /^(HTTP\/1\.[0-9]) ([1-9][0-9][0-9])(?: (.*))?$/s.exec(line!)
  if (start === null || /[\r\n]/.test(head.replaceAll('\r\n', ''))) return bad('line')
  const [, version, status, reason = ''] = start as unknown as [string, string, string, string | undefined]
  if (!VALUE.test(reason) || reason.length > 1024) return bad('reason')
  const fields = fieldsOf(lines, limits)
  if (typeof fields === 'string') return bad(fields)
  // What no answer of a backend may say twice either.
  if (all(fields, 'host').length > 1 || all(fields, 'host').some(h => !/^[A-Za-z0-9\-._~:[\]]*$/.test(h)))
    return bad('host')
  const lengths = all(fields, 'content-length')
  const codings = all(fields, 'transfer-encoding')
  if (lengths.length > 1 || (lengths.length > 0 && codings.length > 0)) return bad('framing')
  if (
    lengths.length === 1 &&
    (!/^[0-9]{1,16}$/.test(lengths[0]!) || Number(lengths[0]) > Number.MAX_SAFE_INTEGER)
  )
    return bad('length')
  const old = version === 'HTTP/1.0'
  if (codings.length > 0 && (codings.length > 1 || codings[0]!.toLowerCase() !== 'chunked' || old))
    return bad('coding')
  const options = all(fields, 'connection')
    .join(',')
    .split(',')
    .map(o => o.replace(/^[\t ]+|[\t ]+$/g, '').toLowerCase())
    .filter(o => o !== '')
  if (new Set(options).size > 64) return bad('options')
  const keepAlive = options.includes('close') ? false : options.includes('keep-alive') ? true : !old
  return {
    kind: 'head',
    start: [version, status, reason],
    fields,
    length: lengths.length === 1 ? Number(lengths[0]) : -1,
    chunked: codings.length === 1,
    keepAlive,
    authority: '',
    target: '',
    end: end + 4,
  }
}

/** Reads a chunked body at the beginning of the text. */
export function readChunked(text: string, limits: HttpLimits): ReadBody {
  let at = 0
  let data = ''
  let extensions = 0
  for (;;) {
    const rest = text.slice(at)
    const line = /^([0-9A-Fa-f]{1,8})(;[\t\x20-\x7e\x80-\xff]*)?\r\n/.exec(rest)
    if (line === null) {
      const begun = /^(?:[0-9A-Fa-f]{1,8}(?:;[\t\x20-\x7e\x80-\xff]*)?\r?)?$/.test(rest)
      return begun ? { kind: 'more' } : { kind: 'bad' }
    }
    const size = Number.parseInt(line[1]!, 16)
    extensions += Math.max(0, (line[2]?.length ?? 0) - 1)
    if (size > limits.maxChunk || data.length + size > limits.maxBody) return { kind: 'bad' }
    if (extensions > 16_384) return { kind: 'bad' }
    at += line[0].length
    if (size === 0) break
    data += text.slice(at, at + size)
    at += size
    const ending = text.slice(at, at + 2)
    if (text.length < at || ending === '' || ending === '\r') return { kind: 'more' }
    if (ending !== '\r\n') return { kind: 'bad' }
    at += 2
  }
  if (text.startsWith('\r\n', at)) return { kind: 'body', data, trailers: [], end: at + 2 }
  const end = text.indexOf('\r\n\r\n', at)
  if (end < 0) return { kind: 'more' }
  const section = text.slice(at, end)
  if (section.length + 4 > limits.maxHead || /[\r\n]/.test(section.replaceAll('\r\n', '')))
    return { kind: 'bad' }
  const trailers = fieldsOf(section.split('\r\n'), limits)
  if (typeof trailers === 'string') return { kind: 'bad' }
  const hosts = all(trailers, 'host')
  const lengths = all(trailers, 'content-length')
  if (hosts.length > 1 || hosts.some(h => !/^[A-Za-z0-9\-._~:[\]]*$/.test(h))) return { kind: 'bad' }
  if (
    lengths.length > 1 ||
    lengths.some(l => !/^[0-9]{1,16}$/.test(l) || Number(l) > Number.MAX_SAFE_INTEGER)
  )
    return { kind: 'bad' }
  const options = all(trailers, 'connection')
    .join(',')
    .split(',')
    .map(o => o.replace(/^[\t ]+|[\t ]+$/g, '').toLowerCase())
    .filter(o => o !== '')
  if (new Set(options).size > 64) return { kind: 'bad' }
  return { kind: 'body', data, trailers, end: end + 4 }
}

/** How many whole requests the text holds; NaN when something in it is no request. */
export function countRequests(text: string, limits: HttpLimits): number {
  let count = 0
  for (;;) {
    if (text === '') return count
    const head = readRequestHead(text, limits)
    if (head.kind === 'bad') return Number.NaN
    if (head.kind === 'more') return count
    text = text.slice(head.end)
    if (head.chunked) {
      const body = readChunked(text, limits)
      if (body.kind === 'bad') return Number.NaN
      if (body.kind === 'more') return count
      text = text.slice(body.end)
    } else {
      if (text.length < head.length) return count
      text = text.slice(head.length)
    }
    count++
  }
}
