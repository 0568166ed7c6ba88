/** SOAP messages made from requests. */
import { partsOf } from '../expression/index.ts'
import type { Exchange, PluginServices } from '../plugin/index.ts'
import { xmlToJson } from '../transform/index.ts'

/** The message for a request; `body`: XML that stands where the template says `${input_body}`. */
export type Envelope = (exchange: Exchange, body: string) => string

const OF_BODY = new Set(['input_body', 'ctx.input_body'])

/**
 * Compiles a template. Values of expressions are text: what a client sends cannot become an element. The body is XML, and the
 * caller has checked that it is whole.
 */
export function envelopeOf(template: string, services: Pick<PluginServices, 'template'>): Envelope {
  const parts = partsOf(template).map(part => {
    if (!part.startsWith('${')) return () => part
    if (OF_BODY.has(part.slice(2, -1).trim())) return (_exchange: Exchange, body: string) => body
    const value = services.template(part)
    return (exchange: Exchange) => xmlText(value(exchange))
  })
  return (exchange, body) => parts.map(part => part(exchange, body)).join('')
}

/** The content of a message as it may stand inside of an element. Throws `XmlFault` when its tags do not fit together. */
export function wholeXml(text: string): string {
  const content = text.replace(/^\s*<\?xml[^>]*\?>/, '')
  // Neither its own document type nor an end of what is around it.
  xmlToJson(`<body>${content}</body>`)
  return content
}

/** A text as it may stand in an element or an attribute. */
export function xmlText(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
