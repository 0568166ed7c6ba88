/**
 * Texts of calls that hold values: of the request, and of the field that is resolved (`${params.x}`, `${item.x}`).
 *
 * Guarantees: a value of a client fills a part of a path, a query, a string or a header field and cannot become more than that:
 * neither the server that is called nor another path, another field of a query or another header field.
 */
import { partsOf } from '../../expression/index.ts'
import type { Exchange, PluginServices, Template } from '../../plugin/index.ts'
import { isClientChosen, serverChoice } from '../../expression/client-chosen.ts'
import { fieldValue } from '../field-value.ts'
import { xmlText } from '../soap-envelope.ts'

/** What `${params.x}` and `${item.x}` are. */
export interface FieldValues {
  readonly params: Readonly<Record<string, unknown>>
  readonly item: unknown
}

/** What a client sends is no value here; the message may be told. */
export class UnfitValue extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UnfitValue'
  }
}

export type CallText = (exchange: Exchange, values: FieldValues) => string

const noValues: FieldValues = { params: {}, item: null }

type Encode = (value: string) => string

/** Compiles a text; `encode` makes a value fit for its place, which is what stands before it. */
function callText(
  text: string,
  services: Pick<PluginServices, 'template'>,
  encodeAt: (before: string) => Encode,
): CallText {
  let before = ''
  const parts = partsOf(text).map((part): CallText => {
    const at = before
    // What stands in an expression is no part of what the text is in.
    before += part.startsWith('${') ? 'x' : part
    if (!part.startsWith('${')) return () => part
    const encode = encodeAt(at)
    const name = part.slice(2, -1).trim()
    const [, root, path] = /^(params|item)\.(.+)$/.exec(name) ?? []
    if (root !== undefined)
      return (_exchange, values) => encode(textAt(root === 'params' ? values.params : values.item, path!))
    const value: Template = services.template(part)
    return isClientChosen(name) ? exchange => encode(value(exchange)) : value
  })
  return (exchange, values) => parts.map(part => part(exchange, values)).join('')
}

/** The address of a call. Throws when a client would choose the server. */
export function urlText(
  text: string,
  services: Pick<PluginServices, 'template' | 'route'>,
  name: string,
): CallText {
  const found = /^https?:\/\/([^/?#]+)/i.exec(text.trim())
  if (found === null) throw new Error(`${name}: expected an http or https URL`)
  const chosen = serverChoice(found[1]!, services.route.domains)
  if (chosen !== undefined) throw new Error(`${name}: a client would choose ${chosen}`)
  return callText(text.trim(), services, () => value => {
    // Escapes are undone for these before a server sees them.
    if (value === '.' || value === '..') throw new UnfitValue('a value is a dot segment')
    return encodeURIComponent(value)
  })
}

/** Header fields of a call. */
export function fieldTexts(
  fields: Readonly<Record<string, string>>,
  services: Pick<PluginServices, 'template'>,
): (exchange: Exchange, values?: FieldValues) => [string, string][] {
  const texts = Object.entries(fields).map(
    ([name, value]) => [name, callText(value, services, () => text => text)] as const,
  )
  return (exchange, values = noValues) =>
    texts.map(([name, text]) => [name, fieldValue(text(exchange, values))])
}

/** A GraphQL query: values in strings are escaped, those elsewhere must be names or numbers. */
export function queryText(text: string, services: Pick<PluginServices, 'template'>): CallText {
  return callText(text, services, before => {
    const place = placeBehind(before)
    if (place === 'block') throw new Error('query: a client would fill a block string')
    if (place === 'string') return value => JSON.stringify(value).slice(1, -1)
    return value => {
      if (!/^-?[\w.]{0,200}$/.test(value)) throw new UnfitValue('a value is neither a name nor a number')
      return value
    }
  })
}

/** Whether what comes next stands in a string, a block string, or neither. */
function placeBehind(text: string): 'string' | 'block' | 'code' {
  let place: 'string' | 'block' | 'code' = 'code'
  for (let at = 0; at < text.length; at++) {
    const three = text.startsWith('"""', at)
    if (place === 'code' && text[at] === '#') at = endOfLine(text, at)
    else if (place !== 'string' && three) {
      place = place === 'code' ? 'block' : 'code'
      at += 2
    } else if (place !== 'block' && text[at] === '"') place = place === 'code' ? 'string' : 'code'
    else if (place === 'string' && text[at] === '\\') at++
  }
  return place
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

function textAt(value: unknown, path: string): string {
  const found = path
    .split('.')
    .reduce<unknown>(
      (inner, name) =>
        typeof inner === 'object' && inner !== null && Object.hasOwn(inner, name)
          ? (inner as Record<string, unknown>)[name]
          : undefined,
      value,
    )
  if (found === undefined || found === null) return ''
  return typeof found === 'object' ? JSON.stringify(found) : String(found)
}

/** A SOAP message: values are text, never elements. */
export function soapText(text: string, services: Pick<PluginServices, 'template'>): CallText {
  if (text.trim() === '') throw new Error('an envelope is needed')
  return callText(text, services, () => xmlText)
}
