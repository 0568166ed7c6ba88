/** Settings of the response cache; the names are upstream's, `silent` and those behind it are added. */
import { guardedRegex } from '../../expression/regex/index.ts'
import { schema as v } from '../../plugin/index.ts'
import { flag, setting, texts } from '../settings.ts'

export const statuses = v.array(
  v.union([
    v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(999)),
    v.pipe(
      v.string(),
      v.regex(/^\d{3}$/, 'a status is a number of three digits'),
      v.transform(text => Number(text)),
    ),
  ]),
)
const noNumbers = (): number[] => []
const none = (): string[] => []

/** A pattern that cannot be read would let everything or nothing through: it is refused with the reason. */
const patterns = v.array(
  v.pipe(
    v.string(),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return
      try {
        guardedRegex(dataset.value)
      } catch (error) {
        addIssue({ message: error instanceof Error ? error.message : 'the pattern cannot be read' })
      }
    }),
  ),
)

const filter = v.looseObject({
  statuses: setting(statuses, () => [200], 'Statuses of answers that are kept; empty for any'),
  methods: setting(texts, () => ['GET'], 'Methods of requests that are looked at; empty for any'),
  paths: setting(patterns, () => ['/.*'], 'Patterns of paths (with query) that are looked at; empty for any'),
  notStatuses: setting(statuses, noNumbers, 'Statuses of answers that are not kept'),
  notMethods: setting(texts, none, 'Methods of requests that are not looked at'),
  notPaths: setting(patterns, none, 'Patterns of paths (with query) that are not looked at'),
})

const whole = (least: number) => v.pipe(v.number(), v.integer(), v.minValue(least))

export const responseCacheSettings = v.looseObject({
  ttl: setting(whole(0), 3_600_000, 'Longest time an answer is given out, milliseconds'),
  maxSize: setting(whole(0), 52_428_800, 'Most bytes of one body, and of all answers of the route together'),
  autoClean: setting(flag, true, 'Answers make room for others once the route has `maxSize` bytes'),
  filter: setting(v.nullable(filter), null, 'Which requests and answers; null: all that HTTP allows'),
  silent: setting(
    v.picklist(['ttl', 'heuristic']),
    'ttl',
    'Answers that do not say how long they are fresh: `ttl`, fresh for that long; `heuristic`, by their `Last-Modified` or not at all',
  ),
  ignoreCookies: setting(
    flag,
    false,
    'Keep answers that say nothing of caching though the request has cookies: only where cookies change nothing',
  ),
  staleIfError: setting(
    whole(0),
    0,
    'How long an answer that does not say so may stand in for an error of the backend once it is stale, milliseconds',
  ),
  collapse: setting(
    flag,
    true,
    'One call to the backend for requests that ask for the same at the same time',
  ),
})
export type ResponseCacheSettings = v.InferOutput<typeof responseCacheSettings>

export interface CacheFilter {
  /** The request is looked at. `uri`: path and query. */
  request(method: string, uri: string): boolean
  /** An answer with the status is kept. */
  status(status: number): boolean
}

/** The filter as tests, with nothing left to read. */
export function cacheFilter({ filter: given }: ResponseCacheSettings): CacheFilter {
  if (given === null) return { request: () => true, status: () => true }
  const upper = (names: readonly string[]) => new Set(names.map(name => name.toUpperCase()))
  const [methods, notMethods] = [upper(given.methods), upper(given.notMethods)]
  const patterns = (texts: readonly string[]) => texts.map(text => guardedRegex(text))
  const [paths, notPaths] = [patterns(given.paths), patterns(given.notPaths)]
  const [kept, notKept] = [new Set(given.statuses), new Set(given.notStatuses)]
  return {
    request: (method, uri) =>
      (methods.size === 0 || methods.has(method)) &&
      !notMethods.has(method) &&
      (paths.length === 0 || paths.some(path => path.matchesWhole(uri))) &&
      !notPaths.some(path => path.matchesWhole(uri)),
    status: status => (kept.size === 0 || kept.has(status)) && !notKept.has(status),
  }
}
