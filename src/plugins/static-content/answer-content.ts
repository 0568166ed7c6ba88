/** Answers written in the settings of a plugin: their bodies and their header fields. */
import { isConstant } from '../../expression/index.ts'
import type { Exchange, PluginServices, ReasonCode, Template } from '../../plugin/index.ts'
import { cleanFields, fieldTemplates, fieldValue } from '../field-value.ts'

const BASE64_TEXT = /^[A-Za-z0-9+/\s_-]*={0,2}\s*$/
const REASON: ReasonCode = 'configured_answer'

/** The text inside `Base64(…)`; null for any other text. */
export function base64Text(body: string): string | null {
  return body.startsWith('Base64(') && body.endsWith(')') ? body.slice(7, -1) : null
}

/** Decodes Base64, also in its URL form. Throws on a text that is none. */
export function decodeBase64(text: string): Buffer {
  if (!BASE64_TEXT.test(text)) throw new Error('the content of Base64(…) is not Base64')
  return Buffer.from(text, 'base64')
}

/** What an answer needs besides the fields of its settings. */
interface FieldFacts {
  readonly status: number
  /** Something of the request ends up in the body. */
  readonly reflects: boolean
  /** Expressions in the values are evaluated. */
  readonly expressions: boolean
}

/**
 * Header fields of an answer. An error gets its reason code. A body that holds values of the request and has no type is
 * plain text: a browser left to guess could take it for a page, and run what somebody put into a link. Throws on names that
 * are no tokens.
 */
export function answerFields(
  given: Readonly<Record<string, string>>,
  facts: FieldFacts,
  services: PluginServices,
): (exchange: Exchange) => [string, string][] {
  const fields = cleanFields(given)
  const added: [string, string][] = []
  if (facts.status >= 400) added.push(['Otoroshi-Error-Reason', REASON])
  if (facts.reflects) added.push(['Content-Type', 'text/plain; charset=utf-8'])
  const names = new Set(fields.map(([name]) => name.toLowerCase()))
  const missing = added.filter(([name]) => !names.has(name.toLowerCase()))
  if (!facts.expressions || fields.every(([, value]) => isConstant(value))) {
    const all = [...fields.map(([name, value]): [string, string] => [name, fieldValue(value)]), ...missing]
    return () => all
  }
  const templates = fieldTemplates(Object.fromEntries(fields), services)
  return exchange => [
    ...templates.map((field): [string, string] => [field.name, field.value(exchange)]),
    ...missing,
  ]
}

/** A text whose `${req.pathparams.name[:default]}` are those of the caller's own path; every other expression is as usual. */
export function paramsTemplate(
  text: string,
  services: PluginServices,
): (exchange: Exchange, params: ReadonlyMap<string, string>) => string {
  const parts: (Template | { readonly name: string; readonly fallback: string })[] = []
  let copied = 0
  for (const found of text.matchAll(/\$\{req\.pathparams\.([^}|]+)\}/g)) {
    parts.push(services.template(text.slice(copied, found.index)))
    parts.push(paramOf(found[1]!))
    copied = found.index + found[0].length
  }
  parts.push(services.template(text.slice(copied)))
  return (exchange, params) => {
    let out = ''
    for (const part of parts)
      out += typeof part === 'function' ? part(exchange) : (params.get(part.name) ?? part.fallback)
    return out
  }
}

/** The default stands behind the last colon. */
function paramOf(text: string): { name: string; fallback: string } {
  const colon = text.lastIndexOf(':')
  if (colon < 0) return { name: text, fallback: `no-path-param-${text}` }
  return { name: text.slice(0, colon), fallback: text.slice(colon + 1) }
}
