/** The text that is signed (RFC 9421, 2.5). */
import { type InnerList, parseItem, serializeInnerList, serializeItem } from 'structured-headers'
import { type Component, componentValue, type SignedMessage } from './component-value.ts'
import { SignatureFault } from './fault.ts'

/** Components one signature may cover: each is looked up in the message. */
const MOST_COMPONENTS = 64

/**
 * The text to sign for the covered components and parameters. Throws `SignatureFault` when a component is not there, is named
 * twice or has no single value.
 */
export function signatureBase(covered: InnerList, message: SignedMessage): string {
  if (covered[0].length > MOST_COMPONENTS) throw new SignatureFault('a signature covers too many components')
  const lines: string[] = []
  const names = new Set<string>()
  for (const item of covered[0]) {
    const [name, parameters] = item
    if (typeof name !== 'string') throw new SignatureFault('the name of a component is no string')
    const identifier = serializeItem(item)
    if (names.has(identifier)) throw new SignatureFault(`the component ${name} is covered twice`)
    names.add(identifier)
    if (name !== name.toLowerCase()) throw new SignatureFault('names of components are in lower case')
    lines.push(`${identifier}: ${componentValue({ name, parameters }, message)}`)
  }
  return [...lines, `"@signature-params": ${serializeInnerList(covered)}`].join('\n')
}

/** Components written as in settings: `@method`, `"@query-param";name="a"`, `content-digest;req`. Throws on what is none. */
export function readComponents(written: readonly string[]): Component[] {
  return written.map(text => {
    const given = text.trim()
    const end = given.indexOf(';')
    const quoted = given.startsWith('"')
      ? given
      : end < 0
        ? `"${given.toLowerCase()}"`
        : `"${given.slice(0, end).trim().toLowerCase()}"${given.slice(end)}`
    try {
      const [name, parameters] = parseItem(quoted)
      if (typeof name === 'string' && /^@?[\w!#$%&'*+.^`|~-]+$/.test(name)) return { name, parameters }
    } catch {
      // Said below.
    }
    throw new Error(`${JSON.stringify(text)} is no component of a signature`)
  })
}
