/**
 * Addresses with expressions. What a client decides becomes one segment or value behind the host, never a part of the address
 * that says who is called.
 */
import { isConstant, partsOf } from '../../expression/index.ts'
import type { Exchange, PluginServices, Template } from '../../plugin/index.ts'
import { isClientChosen, serverChoice } from '../../expression/client-chosen.ts'

const ORIGIN = /^https?:\/\/(?:\$\{[^}]*\}|[^/?#])*/i

/** Compiles an address. Throws on one that is none, or whose host clients could choose. */
export function validatorUrl(given: string, services: PluginServices): Template {
  const url = given.trim()
  if (isConstant(url)) {
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new Error('url: it is no http or https address')
    return () => url
  }
  const [origin] = ORIGIN.exec(url) ?? []
  // An expression alone may hold a whole address.
  const leading = origin ?? url
  const chosen = serverChoice(leading, services.route.domains)
  if (chosen !== undefined)
    throw new Error(`url: \${${chosen}} is decided by clients, so it cannot say who is asked`)
  const parts = partsOf(url).map((part, at): string | Template => {
    if (at % 2 === 0) return part
    const template = services.template(part)
    const raw = !isClientChosen(part.slice(2, -1))
    return raw ? template : (exchange: Exchange) => encodeURIComponent(template(exchange).toWellFormed())
  })
  return exchange => parts.map(part => (typeof part === 'string' ? part : part(exchange))).join('')
}
