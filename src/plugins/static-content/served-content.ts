/**
 * Answers with content whose length is known: conditions (RFC 9110, 13), one range (14), HEAD.
 *
 * Guarantees: content is read when the client takes it, a piece at a time; of several ranges none counts, which a server may do.
 */
import {
  answer,
  type Exchange,
  type FullAnswer,
  type ReasonCode,
  type StreamedBody,
} from '../../plugin/index.ts'

const CONDITION: ReasonCode = 'content.condition_failed'
const RANGE: ReasonCode = 'content.bad_range'

type Fields = ReadonlyArray<readonly [string, string]>

export interface ServedContent {
  /** Bytes. */
  readonly size: number
  readonly type: string
  /** Entity tag, in quotes. */
  readonly tag: string
  /** Epoch milliseconds; null when it is not known. */
  readonly modified: number | null
  /** False when parts cannot be read without what is before them. */
  readonly ranges: boolean
  /** Bytes from `start` up to `end`, which is not a part of it. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
}

/** The answer to a GET or HEAD. */
export function serveContent(
  { request, upstream: { headers } }: Exchange,
  content: ServedContent,
  more: Fields = [],
): FullAnswer {
  const { size, tag, modified, type } = content
  const fields: [string, string][] = [['ETag', tag]]
  if (modified !== null) fields.push(['Last-Modified', new Date(modified).toUTCString()])
  const wanted = headers.get('if-match')
  if (wanted !== undefined && !names(wanted, tag))
    return answer(412, [...fields, ['Otoroshi-Error-Reason', CONDITION]])
  if (isKnown(headers.get('if-none-match'), headers.get('if-modified-since'), content))
    return answer(304, [...fields, ...more])
  fields.push(['Content-Type', type], ...(more as [string, string][]))
  if (content.ranges) fields.push(['Accept-Ranges', 'bytes'])
  const ranged = request.method === 'GET' && content.ranges && isCurrent(headers.get('if-range'), content)
  const range = ranged ? rangeOf(headers.get('range'), size) : null
  if (range === null) return answer(200, fields, body(content, 0, size))
  if (range === 'beyond')
    return answer(416, [
      ['Content-Range', `bytes */${size}`],
      ['Otoroshi-Error-Reason', RANGE],
    ])
  const { start, end } = range
  return answer(
    206,
    [...fields, ['Content-Range', `bytes ${start}-${end - 1}/${size}`]],
    body(content, start, end),
  )
}

function body(content: ServedContent, start: number, end: number): StreamedBody {
  return {
    length: end - start,
    [Symbol.asyncIterator]: () => content.read(start, end)[Symbol.asyncIterator](),
  }
}

function isKnown(noneMatch: string | undefined, since: string | undefined, content: ServedContent): boolean {
  if (noneMatch !== undefined) return names(noneMatch, content.tag)
  return (
    since !== undefined &&
    content.modified !== null &&
    seconds(content.modified) <= seconds(Date.parse(since))
  )
}

/** `If-Range` asks for parts of what it names only, strongly compared. */
function isCurrent(condition: string | undefined, { tag, modified }: ServedContent): boolean {
  if (condition === undefined) return true
  if (condition.startsWith('"')) return condition === tag
  return modified !== null && seconds(modified) === seconds(Date.parse(condition))
}

/** True when a list of entity tags holds this one, weakly compared. */
function names(list: string, tag: string): boolean {
  return list.trim() === '*' || list.split(',').some(item => item.trim().replace(/^W\//, '') === tag)
}

function rangeOf(
  text: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'beyond' | null {
  const found = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(text ?? '')
  if (found === null || (found[1] === '' && found[2] === '')) return null
  if (found[1] === '') {
    const length = Number(found[2])
    return length === 0 || size === 0 ? 'beyond' : { start: Math.max(0, size - length), end: size }
  }
  const start = Number(found[1])
  const end = found[2] === '' ? size : Math.min(size, Number(found[2]) + 1)
  if (found[2] !== '' && Number(found[2]) < start) return null
  return start >= size ? 'beyond' : { start, end }
}

/** Dates of HTTP have no milliseconds. NaN compares with nothing. */
function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000)
}
