/**
 * Where a redirection goes.
 *
 * Guarantees: the result is one URI reference in visible ASCII; whatever a client puts into an expression, it stays on the
 * host that the settings name, or on the host the client called when they name none. Not guaranteed: that a path or query the
 * client chose leads to something.
 */
import { isConstant } from '../../expression/index.ts'
import type { Exchange, PluginServices } from '../../plugin/index.ts'
import { isClientChosen } from '../../expression/client-chosen.ts'

/** The location, or null when the request would make it lead elsewhere. */
export type RedirectTarget = (exchange: Exchange) => string | null

const HOST = String.raw`(?:[a-z\d_-][a-z\d_.-]*|\[[\da-f:.]+\])(?::\d{1,5})?`
const AUTHORITY = String.raw`(?:[a-z][a-z\d+.-]*:)?\/\/${HOST}`
/** Behind this, nothing can change the host any more. */
const CLOSED = new RegExp(String.raw`^(?:${AUTHORITY}[/?#]|\/[^/]|[?#]|[^:/?#]+[/?#])`, 'i')
/** The host may go on: a path, a query or nothing must follow. */
const OPEN = new RegExp(`^${AUTHORITY}$`, 'i')
const OWN_HOST = new RegExp(`^${HOST}$`, 'i')
const ABSOLUTE = /^(?:[a-z][a-z\d+.-]*:|\/\/)/i

/** Compiles `to`. Throws when it is blank or leaves the host to the client. */
export function redirectTarget(to: string, services: PluginServices): RedirectTarget {
  if (to === '') throw new Error('`to` is blank')
  if (isConstant(to)) {
    const location = uriText(to)
    return () => location
  }
  const named = namedHost(to)
  // Whose name a client fills in must be a host to its end: with a slash in the name it would be another one.
  const [settled, stays] = named === null ? [settledPart(to), staysPut] : [named, isOpen]
  if (isConstant(settled) && ABSOLUTE.test(settled) && !staysPut(settled, ''))
    throw new Error(
      `\`to\` leaves the host to the client: ${to} (write it out, or end it with a fixed .example.com)`,
    )
  const startOf = services.template(settled)
  const restOf = services.template(to.slice(settled.length))
  return exchange => {
    const start = uriText(startOf(exchange))
    const rest = uriText(restOf(exchange))
    return stays(start, rest) || isLocal(start + rest, exchange) ? start + rest : null
  }
}

/** The beginning ends with a host, and what follows does not lengthen it. */
function isOpen(start: string, rest: string): boolean {
  return OPEN.test(start) && /^(?:[/?#]|$)/.test(rest)
}

function staysPut(start: string, rest: string): boolean {
  return CLOSED.test(start) || isOpen(start, rest)
}

/** Scheme and host of `https://${…}.example.com/…`, whoever chooses the name below the fixed domain; null for other texts. */
function namedHost(to: string): string | null {
  const start =
    /^(?:[a-z][a-z\d+.-]*:)?\/\/(?:(?!\$\{req\.(?:uri|path)\})\$\{[^}]*\}|[^/?#$])*/i.exec(to)?.[0] ?? ''
  const tail = start.slice(start.lastIndexOf('}') + 1)
  return start.includes('}') && /^(?:\.[a-z\d-]+){2,}(?::\d{1,5})?$/i.test(tail) ? start : null
}

/** The beginning of the text that no client decides. */
function settledPart(to: string): string {
  for (const found of to.matchAll(/\$\{([^}]*)\}/g))
    if (isClientChosen(found[1]!)) return to.slice(0, found.index)
  return to
}

/** A path on the host the client called, or a URL of that host. */
function isLocal(location: string, { request }: Exchange): boolean {
  if (/^\/(?!\/)/.test(location)) return true
  const own = `${request.protocol}://${request.host}`
  if (!OWN_HOST.test(request.host) || !location.startsWith(own)) return false
  return /^(?:[/?#]|$)/.test(location.slice(own.length))
}

/** Whatever cannot stand in a URI (RFC 3986, 2) becomes escapes; a backslash too, which browsers take for a slash. */
function uriText(text: string): string {
  return text.replace(/[^!#-;=?-[\]_a-z~]/gu, char => {
    let escaped = ''
    for (const byte of Buffer.from(char)) escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    return escaped
  })
}
