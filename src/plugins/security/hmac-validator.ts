/** Lets requests pass that are signed with a shared secret. */
import { sameSecret } from '../../identity/proofs.ts'
import { apikeyAttribute, type ClientRequest, definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { count, setting, text, texts } from '../settings.ts'
import { hmacOf, readHmac } from './hmac-header.ts'

const PLACES = ['authorization', 'proxy-authorization']

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.HMACValidator',
  name: 'HMAC access validator',
  description:
    'Refuses requests that carry no right HMAC of their listed header fields, `hmac algorithm="hmac-sha512", headers="Date", signature="…"`. The secret is that of the settings, else that of the API key of the request.',
  family: 'security',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    secret: setting(text, null, 'Shared secret; that of the API key unless set'),
    authorizationHeader: setting(
      text,
      null,
      'Header that carries the signature; Authorization or Proxy-Authorization where it is not there',
    ),
    max_age_seconds: v.pipe(
      v.optional(v.nullable(count), 300),
      v.description('Greatest difference of the signed `Date` from now, seconds; null for any, and for none'),
    ),
    required_headers: setting(
      texts,
      (): string[] => [],
      'Header fields that must be among the signed ones: a signature does not say of which fields it is',
    ),
  }),
  setup({ secret, authorizationHeader, max_age_seconds: maxAge, required_headers: more }) {
    const required = more.map(name => name.trim().toLowerCase())
    // Without a date that is signed, whoever has seen a request may send it for ever.
    if (maxAge !== null) required.push('date')
    const own = authorizationHeader?.trim().toLowerCase() || null
    return {
      access({ request, attributes }) {
        const key = secret || attributes.get(apikeyAttribute)?.clientSecret
        if (!key) return refuse('hmac.refused', { detail: 'there is no secret' })
        const fault = faultOf(request, key, { own, maxAge, required })
        return fault === null ? undefined : refuse('hmac.refused', { detail: fault })
      },
    }
  },
})

interface Terms {
  /** Lower case, as the others; null: the usual ones. */
  readonly own: string | null
  /** Seconds. */
  readonly maxAge: number | null
  readonly required: readonly string[]
}

function faultOf(request: ClientRequest, secret: string, { own, maxAge, required }: Terms): string | null {
  const written = headerOf(request, own)
  if (written === null) return 'there is no header with a signature, or more than one'
  const header = readHmac(written)
  if (header === null) return 'the header is no signature'
  const unsigned = required.find(name => !header.fields.includes(name))
  if (unsigned !== undefined) return `the field ${unsigned} is not signed`
  const values: string[] = []
  for (const name of header.fields) {
    const given = request.headers.getAll(name)
    // Of several fields of one name the backend might take another than the signed one.
    if (given.length !== 1) return `the signed field ${name.slice(0, 100)} is there ${given.length} times`
    values.push(given[0]!)
  }
  if (!sameSecret(header.signature, hmacOf(header.algorithm, secret, values.join(' '))))
    return 'the signature is wrong'
  return maxAge === null || isNear(request.headers.get('date')!, maxAge) ? null : 'the signed date is not now'
}

function headerOf({ headers }: ClientRequest, own: string | null): string | null {
  const places = own !== null && headers.has(own) ? [own] : PLACES
  const found = places.flatMap(name => headers.getAll(name))
  return found.length === 1 ? found[0]! : null
}

/** Milliseconds, as HMACCaller writes them, or a date of HTTP. */
function isNear(date: string, seconds: number): boolean {
  const time = /^\d{1,15}$/.test(date) ? Number(date) : Date.parse(date)
  return Math.abs(Date.now() - time) <= seconds * 1000
}
