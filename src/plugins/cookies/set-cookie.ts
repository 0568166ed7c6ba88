/** `Set-Cookie` fields of answers (RFC 6265, 4.1). */
import { isConstant } from '../../expression/index.ts'
import type { HeaderBlock } from '../../http/headers.ts'
import { type Exchange, type PluginServices, schema as v, type Template } from '../../plugin/index.ts'
import { flag, setting, text } from '../settings.ts'
import { nameTemplate, valueTemplate } from './cookie-text.ts'
import { nameOf } from '../request-cookies.ts'

/** Settings of a cookie for the client. */
export const setCookieSettings = v.looseObject({
  name: setting(text, 'cookie', 'Name of the cookie; may hold expressions'),
  value: setting(text, 'value', 'Value of the cookie; may hold expressions'),
  domain: setting(
    text,
    null,
    'Hosts it is sent to (`Domain`); may hold expressions. That of the request unless set',
  ),
  path: setting(text, null, 'Paths it is sent to (`Path`)'),
  maxAge: setting(
    v.pipe(v.number(), v.integer()),
    null,
    'Life in seconds (`Max-Age`); until the browser closes unless set',
  ),
  secure: setting(flag, false, 'Sent over HTTPS only'),
  httpOnly: setting(flag, false, 'Kept from scripts'),
  sameSite: setting(
    v.pipe(
      text,
      v.check(
        value => SAME_SITE.has(value.trim().toLowerCase()),
        'Invalid value: Expected Lax, Strict or None',
      ),
    ),
    null,
    'Whether it goes along with calls from other sites: Lax, Strict or None',
  ),
})

const SAME_SITE: ReadonlyMap<string, string> = new Map([
  ['lax', 'Lax'],
  ['strict', 'Strict'],
  ['none', 'None'],
])
const DOMAIN = /^\.?[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i

/** A cookie of the settings, for one exchange; `field` is null when the request makes no name of it. */
export type CookieMaker = (exchange: Exchange) => { readonly name: string; readonly field: string } | null

/** Throws when the settings make no cookie. */
export function cookieMaker(
  config: v.InferOutput<typeof setCookieSettings>,
  services: PluginServices,
): CookieMaker {
  const name = nameTemplate(config.name, services)
  const value = valueTemplate(config.value, services)
  const domain = config.domain === null ? null : domainTemplate(config.domain.trim(), services)
  const attributes = attributesOf(config)
  return exchange => {
    const named = name(exchange)
    if (named === '') return null
    const host = domain === null ? '' : domain(exchange)
    return {
      name: named,
      field: `${named}=${value(exchange)}${host === '' ? '' : `; Domain=${host}`}${attributes}`,
    }
  }
}

/** A host; empty, which is the narrowest, when the request makes none of it. */
function domainTemplate(given: string, services: PluginServices): Template {
  if (given === '') return () => ''
  if (isConstant(given)) {
    if (!DOMAIN.test(given)) throw new Error(`domain: ${JSON.stringify(given)} is no host`)
    return () => given
  }
  const template = services.template(given)
  return exchange => {
    const host = template(exchange)
    return DOMAIN.test(host) ? host : ''
  }
}

function attributesOf(config: v.InferOutput<typeof setCookieSettings>): string {
  const { path, maxAge, secure, httpOnly, sameSite } = config
  if (path !== null && !/^[\x20-\x3a\x3c-\x7e]*$/.test(path))
    throw new Error('path: it holds `;`, control characters or what is not ASCII')
  const parts = [
    path === null || path.trim() === '' ? null : `Path=${path.trim()}`,
    maxAge === null ? null : `Max-Age=${maxAge}`,
    secure ? 'Secure' : null,
    httpOnly ? 'HttpOnly' : null,
    sameSite === null ? null : `SameSite=${SAME_SITE.get(sameSite.trim().toLowerCase())!}`,
  ]
  return parts.map(part => (part === null ? '' : `; ${part}`)).join('')
}

/** Name of the cookie a `Set-Cookie` field sets. */
export function setName(field: string): string {
  const end = field.indexOf(';')
  return nameOf(end < 0 ? field : field.slice(0, end))
}

/** Takes away the fields that set these cookies; the others keep their order. */
export function removeSetCookies(headers: HeaderBlock, names: ReadonlySet<string>): void {
  const fields = headers.getAll('set-cookie')
  const kept = fields.filter(field => !names.has(setName(field)))
  if (kept.length === fields.length) return
  headers.delete('set-cookie')
  for (const field of kept) headers.append('Set-Cookie', field)
}
