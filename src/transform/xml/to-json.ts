/** XML as JSON: one member for the root, elements and attributes as members, repeated ones as lists. */
import { parseXml, type XmlElement } from './document.ts'

/** What stands for an element. Objects have no prototype, so that every name is a name. */
export type JsonOfXml = string | number | boolean | { [name: string]: JsonOfXml | JsonOfXml[] }

/** Member for the text of an element that has attributes or elements as well. */
const TEXT = 'value'

/** Reads a document. Throws `XmlFault`. */
export function xmlToJson(text: string): JsonOfXml {
  const root = parseXml(text)
  return members([[root.name, jsonOf(root)]])
}

function jsonOf(element: XmlElement): JsonOfXml {
  const found: [string, JsonOfXml][] = []
  let text = ''
  let elements = false
  for (const [name, value] of element.attributes)
    if (name !== 'xmlns' && !name.startsWith('xmlns:')) found.push([name, typed(value)])
  for (const child of element.children) {
    if (typeof child === 'string') text += child
    else {
      elements = true
      found.push([child.name, jsonOf(child)])
    }
  }
  if (found.length === 0) return typed(text)
  const rest = elements ? text.trim() : text
  if (rest !== '') found.push([TEXT, typed(rest)])
  return members(found)
}

/** Integers and booleans are typed where their text says no more than that: `007` stays a text. */
function typed(text: string): string | number | boolean {
  if (text === 'true') return true
  if (text === 'false') return false
  if (!/^(?:0|-?[1-9]\d{0,15})$/.test(text)) return text
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

function members(found: readonly (readonly [string, JsonOfXml])[]): JsonOfXml {
  const made = Object.create(null) as { [name: string]: JsonOfXml | JsonOfXml[] }
  for (const [name, value] of found) {
    const known = made[name]
    if (known === undefined) made[name] = value
    else if (Array.isArray(known)) known.push(value)
    else made[name] = [known, value]
  }
  return made
}
