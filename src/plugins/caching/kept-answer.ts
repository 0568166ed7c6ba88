/** A kept answer on its way to a client: whole, a part of it, or the word that it has not changed. */
import {
  type Field,
  type Fields,
  partWanted,
  type PinnedAnswer,
  readRange,
  type StoredHead,
  unchanged,
} from '../../cache/index.ts'
import { answer, type Exchange, type FullAnswer, type StreamedBody } from '../../plugin/index.ts'

/** A body up to so many bytes is copied at once; a larger one goes out in pieces. */
const AT_ONCE = 64 * 1024

/** Fields of a body that an answer without one does not have (RFC 9110, 15.4.5). */
const OF_BODY = new Set([
  'content-type',
  'content-encoding',
  'content-language',
  'content-range',
  'content-md5',
])

/** `head`: of the kept answer, as it is now. */
export function keptAnswer(
  exchange: Exchange,
  pinned: PinnedAnswer,
  head: StoredHead,
  now: number,
): FullAnswer {
  const { facts } = head
  const { headers, method } = exchange.request
  const fields: Field[] = [
    ...facts.fields.filter(([name]) => name.toLowerCase() !== 'age'),
    ['Age', String(Math.floor(head.age(now) / 1000))],
    ['X-Otoroshi-Cache', 'HIT'],
  ]
  if (facts.status === 200 && unchanged(headers, head.fields, now)) {
    pinned.release()
    return answer(304, withoutBodyFields(fields))
  }
  const whole = { first: 0, last: pinned.bodyLength - 1 }
  if (method === 'HEAD') {
    const { bodyLength } = pinned
    pinned.release()
    return answer(facts.status, fields, emptyBody(bodyLength))
  }
  const wanted = method === 'GET' ? headers.get('range') : undefined
  if (facts.part !== null) return partOfPart(pinned, head, fields, wanted)
  if (wanted === undefined || facts.status !== 200 || !partWanted(headers, head.fields))
    return answer(facts.status, fields, bodyOf(pinned, whole.first, whole.last))
  const range = readRange(wanted, pinned.bodyLength)
  if (range === null) return answer(facts.status, fields, bodyOf(pinned, whole.first, whole.last))
  const total = pinned.bodyLength
  if (range === 'unsatisfiable') {
    pinned.release()
    return answer(416, [...withoutBodyFields(fields), ['Content-Range', `bytes */${total}`]])
  }
  const { first, last } = range
  return answer(
    206,
    [...withoutRange(fields), ['Content-Range', `bytes ${first}-${last}/${total}`]],
    bodyOf(pinned, first, last),
  )
}

/** True when the kept part holds what the request wants. */
export function partFits(head: StoredHead, range: string | null, request: Fields): boolean {
  const { part } = head.facts
  if (part === null) return true
  if (range === null || part.total === null || !partWanted(request, head.fields)) return false
  const wanted = readRange(range, part.total)
  return (
    wanted !== null && wanted !== 'unsatisfiable' && wanted.first >= part.first && wanted.last <= part.last
  )
}

/** A part out of a kept part; `partFits` has said that it is in there. */
function partOfPart(
  pinned: PinnedAnswer,
  { facts }: StoredHead,
  fields: readonly Field[],
  wanted: string | undefined,
): FullAnswer {
  const part = facts.part!
  const range = readRange(wanted ?? '', part.total ?? 0)
  const { first, last } = range === null || range === 'unsatisfiable' ? part : range
  return answer(
    206,
    [...withoutRange(fields), ['Content-Range', `bytes ${first}-${last}/${part.total ?? '*'}`]],
    bodyOf(pinned, first - part.first, last - part.first),
  )
}

function withoutBodyFields(fields: readonly Field[]): Field[] {
  return fields.filter(([name]) => !OF_BODY.has(name.toLowerCase()))
}

function withoutRange(fields: readonly Field[]): Field[] {
  return fields.filter(([name]) => name.toLowerCase() !== 'content-range')
}

function bodyOf(pinned: PinnedAnswer, first: number, last: number): Uint8Array | StreamedBody {
  const length = last + 1 - first
  if (length > AT_ONCE) return new PinnedBody(pinned, first, last)
  const pieces = [...pinned.pieces(first, last)]
  pinned.release()
  return pieces[0] ?? Buffer.alloc(0)
}

/** For the answer to HEAD: the length without the bytes. */
function emptyBody(length: number): StreamedBody {
  return { length, async *[Symbol.asyncIterator]() {} }
}

class PinnedBody implements StreamedBody {
  readonly length: number
  readonly #pinned: PinnedAnswer
  readonly #first: number
  readonly #last: number

  constructor(pinned: PinnedAnswer, first: number, last: number) {
    this.length = last + 1 - first
    this.#pinned = pinned
    this.#first = first
    this.#last = last
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#pinned.pieces(this.#first, this.#last)
    } finally {
      this.#pinned.release()
    }
  }
}
