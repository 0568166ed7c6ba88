/** Parts of a representation (RFC 9110, 14). */

/** Bytes from `first` to `last`, both included. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** Where the bytes of a 206 belong, and how many there are in all; null in place of `total` when it is not told. */
export interface ContentRange extends ByteRange {
  readonly total: number | null
}

const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i

/** Reads `Content-Range`; null for what is none of a single part. */
export function readContentRange(value: string): ContentRange | null {
  const found = CONTENT_RANGE.exec(value.trim())
  if (found === null) return null
  const [first, last] = [Number(found[1]), Number(found[2])]
  const total = found[3] === '*' ? null : Number(found[3])
  return last < first || (total !== null && last >= total) ? null : { first, last, total }
}

/** `bytes=…` with one range; `unsatisfiable` lies behind the end, null means that the whole is to be sent. */
export function readRange(value: string, total: number): ByteRange | 'unsatisfiable' | null {
  const found = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(value)
  if (found === null) return null
  const [from, to] = [found[1]!, found[2]!]
  if (from === '' && to === '') return null
  if (from === '') {
    const length = Math.min(Number(to), total)
    return length === 0 ? 'unsatisfiable' : { first: total - length, last: total - 1 }
  }
  if (to !== '' && Number(to) < Number(from)) return null
  if (Number(from) >= total) return 'unsatisfiable'
  return { first: Number(from), last: to === '' ? total - 1 : Math.min(Number(to), total - 1) }
}
