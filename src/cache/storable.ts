/** Whether an answer may be kept, and for whom (RFC 9111, 3). */
import { type Field, type Fields, members } from './fields.ts'
import type { Life } from './freshness.ts'

/** What becomes of answers that do not say how long they are fresh. */
export type SilentAnswers = 'ttl' | 'heuristic'

export interface StoreQuestion {
  readonly status: number
  readonly request: Fields
  readonly answer: Fields
  readonly life: Life
  /** The request names somebody: by `Authorization`, an API key, a session, a certificate. */
  readonly identified: boolean
  readonly silent: SilentAnswers
  /** Cookies of requests say nothing about whom the answer is for. */
  readonly ignoreCookies: boolean
}

/** `shared`: for everybody; `own`: only for who asked; `no`: not at all. */
export type StoreVerdict = 'shared' | 'own' | 'no'

/** Statuses whose meaning for caches is known here (RFC 9111, 5.2.2.3). */
const UNDERSTOOD = new Set([
  200, 203, 204, 206, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 406, 410, 414, 421, 451, 500,
  501, 502, 503, 504,
])

export function mayStore(question: StoreQuestion): StoreVerdict {
  const { status, answer, life, identified, silent } = question
  const { directives } = life
  if (status < 200 || status === 304) return 'no'
  const mustUnderstand = directives.has('must-understand')
  if (mustUnderstand && !UNDERSTOOD.has(status)) return 'no'
  if (directives.has('no-store') && !mustUnderstand) return 'no'
  if (directives.has('private') && directives.fields('private') === null) return 'no'
  if (members(answer.getAll('vary')).includes('*')) return 'no'
  const forAll = directives.has('public') || directives.has('s-maxage')
  // A cookie that is set for one client must not reach another by accident.
  if (answer.getAll('set-cookie').length > 0 && !forAll) return 'no'
  const declared = life.lifetime !== null || directives.has('public') || directives.has('no-cache')
  if (!declared && (!life.silentlyCacheable || silenceForbids(question))) return 'no'
  if (!isUseful(life, silent) && !hasValidator(answer)) return 'no'
  if (!identified || forAll || directives.has('must-revalidate')) return 'shared'
  return silent === 'ttl' ? 'own' : 'no'
}

/** An answer that says nothing may be for whoever the cookies of the request name. */
function silenceForbids({ request, ignoreCookies, answer }: StoreQuestion): boolean {
  if (ignoreCookies || request.getAll('cookie').length === 0) return false
  return !members(answer.getAll('vary')).some(name => name.toLowerCase() === 'cookie')
}

/** It can be given out at some time without asking whether it still holds. */
function isUseful({ lifetime, guess, directives }: Life, silent: SilentAnswers): boolean {
  if (directives.has('no-cache') && directives.fields('no-cache') === null) return false
  if (lifetime === null) return silent === 'ttl' || guess > 0
  return lifetime > 0 || directives.has('stale-while-revalidate') || directives.has('stale-if-error')
}

function hasValidator(answer: Fields): boolean {
  return answer.getAll('etag').length > 0 || answer.getAll('last-modified').length > 0
}

/** Fields about the hop or the proxy that are never kept (RFC 9111, 3.1). */
const NOT_KEPT = new Set([
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'x-otoroshi-cache',
])

/** The fields that are kept: end-to-end ones, without those that `no-cache` or `private` name. */
export function keptFields(fields: readonly Field[], life: Life): Field[] {
  const named = new Set([
    ...(life.directives.fields('no-cache') ?? []),
    ...(life.directives.fields('private') ?? []),
  ])
  return fields.filter(([name]) => {
    const lower = name.toLowerCase()
    return !NOT_KEPT.has(lower) && !named.has(lower)
  })
}
