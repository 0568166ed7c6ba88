/**
 * Which origin may read answers, and whether with credentials.
 *
 * Guarantees: credentials are never allowed for `*`, nor for an origin that a client could have chosen; `null`, the origin of
 * sandboxed pages and local files, is never allowed: anybody can have it.
 */
import { isConstant } from '../../expression/index.ts'
import type { Exchange, PluginServices } from '../../plugin/index.ts'
import { expressionsOf, isClientChosen } from '../../expression/client-chosen.ts'

/** An allowed origin. */
export interface AllowedOrigin {
  readonly fields: readonly (readonly [string, string])[]
  /** Other origins get another answer. */
  readonly varies: boolean
  /** `origin`: that of the request, if it has one. */
  accepts(origin: string | undefined): boolean
}

/** Compiles `allow_origin`. Null at run time: an expression gave no origin, so none is allowed. Throws on a text that is none. */
export function originRule(
  given: string,
  credentials: boolean,
  services: PluginServices,
): (exchange: Exchange) => AllowedOrigin | null {
  if (isConstant(given)) {
    const origin = readOrigin(given)
    if (origin === null)
      throw new Error(
        `allow_origin must be * or an origin such as https://app.test, without a path: ${JSON.stringify(given)}`,
      )
    const allowed = allowedOrigin(origin, credentials)
    return () => allowed
  }
  const template = services.template(given)
  const trusted = credentials && !expressionsOf(given).some(isClientChosen)
  return exchange => {
    const origin = readOrigin(template(exchange))
    return origin === null ? null : allowedOrigin(origin, trusted)
  }
}

function allowedOrigin(origin: string, credentials: boolean): AllowedOrigin {
  const any = origin === '*'
  const fields: [string, string][] = [
    ['Access-Control-Allow-Origin', origin],
    ['Access-Control-Allow-Credentials', String(credentials && !any)],
  ]
  return { fields, varies: !any, accepts: from => any || from?.toLowerCase() === origin }
}

/** `*`, or an origin as browsers write it (RFC 6454, 6.2); null when the text is neither. */
function readOrigin(given: string): string | null {
  const text = given.trim().toLowerCase()
  if (text === '*') return text
  if (!/^[a-z][a-z\d+.-]*:\/\/[^\s/?#@\\*,]+$/.test(text)) return null
  if (!/^https?:/.test(text)) return /^[!-~]+$/.test(text) ? text : null
  return URL.canParse(text) ? new URL(text).origin : null
}
