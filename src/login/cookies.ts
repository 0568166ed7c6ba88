/** `Set-Cookie` values (RFC 6265, 4.1). */

export interface CookieSettings {
  readonly path: string
  /** Null: the host alone. */
  readonly domain: string | null
  /** Seconds; 0 takes the cookie away; null: until the browser is closed. */
  readonly maxAge: number | null
  readonly httpOnly: boolean
  readonly secure: boolean
  readonly sameSite: 'Lax' | 'Strict'
}

/** `name` is a token; `value` may be anything that needs no quotes. */
export function cookie(name: string, value: string, settings: CookieSettings): string {
  const { path, domain, maxAge, httpOnly, secure, sameSite } = settings
  return [
    `${name}=${value}`,
    `Path=${path}`,
    ...(domain === null ? [] : [`Domain=${domain}`]),
    ...(maxAge === null ? [] : [`Max-Age=${maxAge}`]),
    ...(httpOnly ? ['HttpOnly'] : []),
    ...(secure ? ['Secure'] : []),
    `SameSite=${sameSite}`,
  ].join('; ')
}

/**
 * Domains of a session cookie on a host: the one that its hosts share when it is one of them, else the host itself. Upstream
 * sets it for the shared domain as well, which browsers refuse.
 */
export function sessionDomain(host: string, shared: string): string {
  return `.${host}`.endsWith(shared) ? shared : host
}

/** Cookies of a request. The first of equal names wins. */
export function readCookies(fields: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const pair of fields.join(';').split(';')) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, Math.max(0, equals)).trim()
    if (name !== '' && !found.has(name)) found.set(name, pair.slice(equals + 1).trim())
  }
  return found
}
