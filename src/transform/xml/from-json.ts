/**
 * JSON as XML: members become elements, those that begin with `@` attributes, `$` is the text; the items of a list stand in one
 * element.
 *
 * Guarantees: what comes out is well-formed whatever the JSON holds: names are made fit for XML, one root is put around what
 * has none.
 */
import { XML_NAME } from './document.ts'

/** The value cannot be written. */
export class UnfitForXml extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'UnfitForXml'
  }
}

const ROOT = 'root'
const MOST_NESTED = 256

/** Writes a JSON value. Throws `UnfitForXml`. */
export function jsonToXml(value: unknown): string {
  if (isObject(value)) {
    const names = Object.keys(value)
    // Attributes and texts need an element around them, and a document has one root.
    if (names.length === 1 && !names[0]!.startsWith('@') && names[0] !== '$')
      return element(names[0]!, value[names[0]!], 0)
  }
  return element(ROOT, value, 0)
}

function element(name: string, value: unknown, depth: number): string {
  if (depth > MOST_NESTED) throw new UnfitForXml('the values are too deeply nested')
  const tag = xmlName(name)
  const attributes = isObject(value)
    ? Object.keys(value)
        .filter(key => key.startsWith('@'))
        .map(key => ` ${xmlName(key.slice(1))}="${escaped(textOf(value[key]), /[&<>"\t\n\r]/g)}"`)
    : []
  if (new Set(attributes.map(text => text.slice(0, text.indexOf('=')))).size < attributes.length)
    throw new UnfitForXml('two attributes have one name')
  const content = contentOf(value, depth)
  const open = `${tag}${attributes.join('')}`
  return content === '' ? `<${open}/>` : `<${open}>${content}</${tag}>`
}

function contentOf(value: unknown, depth: number): string {
  if (Array.isArray(value)) {
    if (depth > MOST_NESTED) throw new UnfitForXml('the values are too deeply nested')
    return value.map(item => contentOf(item, depth + 1)).join('')
  }
  if (!isObject(value)) return escaped(textOf(value))
  let out = ''
  for (const [name, member] of Object.entries(value)) {
    if (name === '$') out += escaped(textOf(member))
    else if (!name.startsWith('@')) out += element(name, member, depth + 1)
  }
  return out
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const SPECIAL: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/** Text for elements, or with `special` for attributes. What XML cannot hold becomes U+FFFD. */
function escaped(text: string, special = /[&<>\r]/g): string {
  return text
    .toWellFormed()
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
    .replace(special, char => SPECIAL[char]!)
}

/** A name as it is, or with `_xHHHH_` for characters that cannot stand in one (ISO 9075-14). */
function xmlName(name: string): string {
  if (XML_NAME.test(name)) return name
  if (name === '') return '_x0000_'
  let out = ''
  for (const char of name.toWellFormed()) {
    const fits = XML_NAME.test(out === '' ? char : `_${char}`)
    out += fits ? char : `_x${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}_`
  }
  return out
}
