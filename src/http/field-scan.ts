/**
 * The scan of header and trailer fields (RFC 9112, 5): one pass over the bytes that marks names and values and notes what
 * the engine itself acts on. Guarantees that no accepted field can be read differently by another parser.
 */
import { BadMessage } from './bad-message.ts'
import { COLON, CR, FIELD_VALUE, HOST, LF, SP, TAB, TCHAR, text } from './chars.ts'
import { UNKNOWN_LENGTH } from './contract.ts'
import { lengthBit } from './field-names.ts'
import { HeaderBlock } from './headers.ts'
import type { HttpLimits } from './limits.ts'
import { tokens } from './options.ts'

/** Facts the field scan collects on its way; one per thread is enough because parsing is synchronous. */
class Fields {
  /** Offsets of the fields so far; the first `count` are good. */
  readonly scratch: number[] = []
  count = 0
  /** The offsets of a whole head, in a list of their own. */
  marks: number[] = []
  hop: Set<number> | null = null
  regular = true
  /** Lengths of the names, as `lengthBit` has them. */
  lengths = 0
  host: string | null = null
  contentLength = UNKNOWN_LENGTH
  transferEncoding: string | null = null
  connection: string | null = null
  upgrade: string | null = null
  expect: string | null = null
  te: string | null = null
  keepAlive: string | null = null
  text = ''
  end = 0

  /** The fields that were scanned, which the block owns from then on. */
  block(): HeaderBlock {
    return new HeaderBlock(this.text, this.marks, this.hop, this.regular, this.lengths)
  }

  reset(): void {
    this.count = 0
    this.hop = null
    this.regular = true
    this.lengths = 0
    this.host = null
    this.contentLength = UNKNOWN_LENGTH
    this.transferEncoding = null
    this.connection = null
    this.upgrade = null
    this.expect = null
    this.te = null
    this.keepAlive = null
  }
}

export const fields = new Fields()

/**
 * Scans header fields from `start`; true when the empty line was reached. Offsets are relative to `start`.
 * A line is only accepted with CRLF; a bare CR or LF, a fold, space before the colon or a control character is an error.
 */
export function scanFields(
  buf: Buffer,
  start: number,
  end: number,
  headStart: number,
  limits: HttpLimits,
): boolean {
  fields.reset()
  const { scratch } = fields
  let at = start
  for (;;) {
    if (at >= end) return tooLong(at - headStart, limits)
    if (buf[at] === CR) {
      if (at + 1 >= end) return tooLong(at - headStart, limits)
      if (buf[at + 1] !== LF) throw new BadMessage(400, 'a CR without LF in the head')
      break
    }
    const nameStart = at
    while (at < end && TCHAR[buf[at]!] === 1) at++
    if (at - nameStart > limits.maxHeaderName) throw new BadMessage(431, 'a header name is too long')
    if (at >= end) return tooLong(at - headStart, limits)
    if (buf[at] !== COLON || at === nameStart) throw new BadMessage(400, badName(buf[at]!, at === nameStart))
    const nameEnd = at++
    while (at < end && (buf[at] === SP || buf[at] === TAB)) at++
    const valueStart = at
    while (at < end && FIELD_VALUE[buf[at]!] === 1) at++
    if (at - valueStart > limits.maxHeaderValue) throw new BadMessage(431, 'a header value is too long')
    if (at >= end) return tooLong(at - headStart, limits)
    if (buf[at] !== CR) throw new BadMessage(400, 'a control character in a header value')
    if (at + 1 >= end) return tooLong(at - headStart, limits)
    if (buf[at + 1] !== LF) throw new BadMessage(400, 'a CR without LF in the head')
    let valueEnd = at
    while (valueEnd > valueStart && (buf[valueEnd - 1] === SP || buf[valueEnd - 1] === TAB)) valueEnd--
    if (valueEnd !== at) fields.regular = false
    const count = fields.count
    if (count >= limits.maxHeaderCount * 4) throw new BadMessage(431, 'too many header fields')
    scratch[count] = nameStart - start
    scratch[count + 1] = nameEnd - start
    scratch[count + 2] = valueStart - start
    scratch[count + 3] = valueEnd - start
    fields.count = count + 4
    fields.lengths |= lengthBit(nameEnd - nameStart)
    notice(buf, nameStart, nameEnd, valueStart, valueEnd)
    at += 2
  }
  if (at + 2 - headStart > limits.maxHead) throw new BadMessage(431, 'the head is too long')
  fields.text = text(buf, start, at)
  fields.marks = scratch.slice(0, fields.count)
  fields.end = at + 2
  dropListed()
  return true
}

function tooLong(length: number, limits: HttpLimits): false {
  if (length > limits.maxHead) throw new BadMessage(431, 'the head is too long')
  return false
}

function badName(byte: number, empty: boolean): string {
  if (byte === LF) return 'a LF without CR in the head'
  if (empty && (byte === SP || byte === TAB)) return 'a folded header line'
  if (byte === SP || byte === TAB) return 'a space before the colon'
  return empty ? 'an empty header name' : 'an invalid character in a header name'
}

/** Takes note of the fields the engine itself acts on. Names are told apart by length first: most need no comparison. */
function notice(buf: Buffer, ns: number, ne: number, vs: number, ve: number): void {
  switch (ne - ns) {
    case 2:
      if (is(buf, ns, 'te')) fields.te = joined(fields.te, hop(buf, vs, ve))
      break
    case 4:
      if (is(buf, ns, 'host')) {
        if (fields.host !== null) throw new BadMessage(400, 'more than one Host')
        for (let i = vs; i < ve; i++) if (HOST[buf[i]!] === 0) throw new BadMessage(400, 'an invalid Host')
        fields.host = text(buf, vs, ve)
      }
      break
    case 6:
      if (is(buf, ns, 'expect')) fields.expect = joined(fields.expect, hop(buf, vs, ve))
      break
    case 7:
      if (is(buf, ns, 'upgrade')) fields.upgrade = joined(fields.upgrade, hop(buf, vs, ve))
      else if (is(buf, ns, 'trailer')) hop(buf, vs, ve)
      break
    case 10:
      if (is(buf, ns, 'connection')) fields.connection = joined(fields.connection, hop(buf, vs, ve))
      else if (is(buf, ns, 'keep-alive')) fields.keepAlive = hop(buf, vs, ve)
      break
    case 14:
      if (is(buf, ns, 'content-length')) {
        if (fields.contentLength >= 0) throw new BadMessage(400, 'more than one Content-Length')
        fields.contentLength = decimal(buf, vs, ve)
        hop(buf, vs, vs)
      } else if (is(buf, ns, 'http2-settings')) hop(buf, vs, vs)
      break
    case 16:
      if (is(buf, ns, 'proxy-connection')) hop(buf, vs, vs)
      break
    case 17:
      if (is(buf, ns, 'transfer-encoding'))
        fields.transferEncoding = joined(fields.transferEncoding, hop(buf, vs, ve))
      break
  }
}

/** Keeps the last noted field on this hop and answers its value. */
function hop(buf: Buffer, vs: number, ve: number): string {
  fields.hop ??= new Set()
  fields.hop.add(fields.count / 4 - 1)
  return text(buf, vs, ve)
}

function joined(before: string | null, value: string): string {
  return before === null ? value : `${before},${value}`
}

function is(buf: Buffer, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = buf[start + i]!
    const code = name.charCodeAt(i)
    if (byte !== code && (byte | 32) !== code) return false
  }
  return true
}

/** Digits only, no sign, no list, no more than 2^53 (RFC 9110, 8.6). */
function decimal(buf: Buffer, start: number, end: number): number {
  if (start === end || end - start > 16) throw new BadMessage(400, 'an invalid Content-Length')
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = buf[i]! - 48
    if (digit < 0 || digit > 9) throw new BadMessage(400, 'an invalid Content-Length')
    value = value * 10 + digit
  }
  if (value > Number.MAX_SAFE_INTEGER) throw new BadMessage(400, 'an invalid Content-Length')
  return value
}

/** Options in `Connection` at most. */
const MAX_OPTIONS = 64

/** Fields named by `Connection` stay on this hop, whatever they are; framing and `Host` cannot be wished away. */
function dropListed(): void {
  const connection = fields.connection
  if (connection === null || connection === 'keep-alive' || connection === 'close') return
  const listed = new Set(tokens(connection))
  if (listed.size > MAX_OPTIONS) throw new BadMessage(400, 'too many connection options')
  for (const kept of ['close', 'keep-alive', 'upgrade', 'te', 'host']) listed.delete(kept)
  if (listed.size === 0) return
  for (let i = 0; i < fields.marks.length; i += 4) {
    const name = fields.text.slice(fields.marks[i], fields.marks[i + 1])
    if (!listed.has(name.toLowerCase())) continue
    fields.hop ??= new Set()
    fields.hop.add(i / 4)
  }
}
