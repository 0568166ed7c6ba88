/** JSON in the way of Eureka as XML: `@name` is an attribute, `$` the text of an element, lists repeat their element. */

type Json = Readonly<Record<string, unknown>>

export function eurekaXml(name: string, value: unknown): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, value, 0)}`
}

/** What clients register may be nested without end: the rest is left out. */
const DEEPEST = 30

function element(name: string, value: unknown, depth: number): string {
  if (value === undefined || depth > DEEPEST || !/^[A-Za-z_][\w.-]*$/.test(name)) return ''
  if (Array.isArray(value)) return value.map(item => element(name, item, depth + 1)).join('')
  if (typeof value !== 'object' || value === null)
    return `<${name}>${escaped(value === null ? '' : String(value))}</${name}>`
  const attributes = Object.entries(value)
    .filter(([key, inner]) => /^@[A-Za-z_][\w.-]*$/.test(key) && typeof inner !== 'object')
    .map(([key, inner]) => ` ${key.slice(1)}="${escaped(String(inner))}"`)
    .join('')
  const text = '$' in value ? escaped(String((value as Json)['$'])) : ''
  const inner = Object.entries(value)
    .filter(([key]) => !key.startsWith('@') && key !== '$')
    .map(([key, part]) => element(key, part, depth + 1))
    .join('')
  return `<${name}${attributes}>${text}${inner}</${name}>`
}

function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}
