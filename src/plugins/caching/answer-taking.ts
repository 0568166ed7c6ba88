/** Keeping an answer of the backend while it goes to the client, and forgetting what an unsafe method changed. */
import {
  type AnswerStore,
  type ByteRange,
  type Field,
  type Filling,
  type HeadFacts,
  keptFields,
  type Life,
  lifeOf,
  mayStore,
  purge,
  readContentRange,
  selectedBy,
  type StoredHead,
  tagsOf,
  urlText,
} from '../../cache/index.ts'
import type { BackendResponse, BodyTransform, Exchange } from '../../plugin/index.ts'
import type { CacheFilter, ResponseCacheSettings } from './response-cache-settings.ts'
import type { Visit } from './visit.ts'

/** Seconds for which nobody waits for answers that turned out not to be kept. */
const PASS = 10

/** Begins to keep the answer if it may be kept; answers whether it did. */
export function takeAnswer(
  exchange: Exchange,
  visit: Visit,
  store: AnswerStore,
  settings: ResponseCacheSettings,
  filter: CacheFilter,
): boolean {
  const { response, upstream } = exchange
  const arrived = Date.now()
  const life = lifeOf(response.status, response.headers, visit.asked, arrived)
  const selected = selectedBy(response.headers, upstream.headers)
  const tags = tagsOf(response.headers)
  const part = response.status === 206 ? partOf(response) : null
  const own = visit.places.own !== null
  const verdict = mayStore({
    status: response.status,
    request: upstream.headers,
    answer: response.headers,
    life,
    identified: own,
    silent: settings.silent,
    ignoreCookies: settings.ignoreCookies,
  })
  const whole = part !== 'broken' && filter.status(response.status)
  if (verdict === 'no' || selected === null || tags === null || !whole) {
    visit.filling?.pass(PASS)
    return false
  }
  const place = verdict === 'own' ? visit.places.own! : visit.places.shared
  const filling = (visit.filling ??= store.receive(place, visit.since))
  if (filling === null) return false
  if (verdict === 'shared') filling.rename(place.key)
  const facts: HeadFacts = {
    status: response.status,
    fields: fieldsToKeep(response, life, arrived),
    asked: visit.asked,
    arrived,
    selected,
    part,
  }
  const { length } = response.body
  const routeMost = settings.autoClean ? settings.maxSize : Number.POSITIVE_INFINITY
  const hashes = tags.map(tag => store.tag('tag', tag))
  if (!filling.begin(facts, hashes, length, settings.maxSize, routeMost)) return false
  if (length === 0) visit.bodyless = response
  else response.body.transform(copyTo(filling, part === null ? -1 : lengthOf(part)), length)
  return true
}

function lengthOf({ first, last }: ByteRange): number {
  return last - first + 1
}

/** Passes everything on as it comes. `wanted`: bytes there must be, -1 for any number. */
function copyTo(filling: Filling, wanted: number): BodyTransform {
  let length = 0
  return {
    push(chunk) {
      length += chunk.length
      filling.write(chunk)
      return chunk
    },
    end() {
      if (wanted >= 0 && length !== wanted) filling.abandon()
      else filling.complete()
      return null
    },
  }
}

function fieldsToKeep(response: BackendResponse, life: Life, arrived: number): Field[] {
  const fields = keptFields(response.headers.endToEnd(), life)
  if (!response.headers.has('date')) fields.push(['Date', new Date(arrived).toUTCString()])
  return fields
}

/** Where the bytes of a 206 belong; `broken` when that is not told, or does not fit its length. */
function partOf({ headers, body }: BackendResponse): HeadFacts['part'] | 'broken' {
  const range = headers.get('content-range')
  const part = range === undefined ? null : readContentRange(range)
  if (part === null || part.total === null) return 'broken'
  return body.length < 0 || body.length === lengthOf(part) ? part : 'broken'
}

/** After an unsafe method that was not refused: what is kept of its URL, and of those it names on this host, is void. */
export function invalidate({ request, response }: Exchange, store: AnswerStore, route: string): void {
  if (response.status < 200 || response.status >= 400) return
  const urls = [urlText(request.host, request.target)]
  for (const name of ['location', 'content-location']) {
    const named = response.headers.get(name)
    const url = named === undefined ? null : URL.parse(named, `http://${request.host}${request.target}`)
    if (url !== null && url.hostname === request.domain)
      urls.push(urlText(request.host, url.pathname + url.search))
  }
  purge(store, { route, urls, tags: [] })
}

/** True when the answer to HEAD shows that what is kept is not what GET would bring now (RFC 9111, 4.3.5). */
export function isAnother({ response }: Exchange, kept: StoredHead): boolean {
  if (response.status !== 200) return false
  return ['etag', 'last-modified', 'content-length'].some(name => {
    const now = response.headers.get(name)
    return now !== undefined && kept.value(name) !== undefined && now !== kept.value(name)
  })
}
