/**
 * JSON in which no object names a member twice (RFC 7515, 4; RFC 7519, 4: a duplicate may be refused, and of two readers
 * one takes the first and the other the last).
 */

/** Objects and lists inside each other at most: whoever walks the value need not fear for his stack. */
const DEEPEST = 64

/** The object a text holds; null when it is no JSON object, names a member twice at any depth, or is too deep. */
export function readObject(text: string): Readonly<Record<string, unknown>> | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return isUnsound(text) ? null : (value as Record<string, unknown>)
}

const QUOTE = 34
const BACKSLASH = 92

/** Walks valid JSON: a text in front of a colon is a name of the object around it. */
function isUnsound(text: string): boolean {
  const around: (Set<string> | null)[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (around.length > DEEPEST) return true
    if (char === '{') around.push(new Set())
    else if (char === '[') around.push(null)
    else if (char === '}' || char === ']') around.pop()
    if (text.charCodeAt(at) !== QUOTE) continue
    const end = endOfText(text, at)
    if (isName(text, end)) {
      const raw = text.slice(at, end)
      const name = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)
      const names = around.at(-1)!
      if (names.has(name)) return true
      names.add(name)
    }
    at = end - 1
  }
  return false
}

/** Index behind the closing quote of the text that opens at `start`. */
function endOfText(text: string, start: number): number {
  let at = start + 1
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at + 1
}

function isName(text: string, end: number): boolean {
  let at = end
  while (' \t\r\n'.includes(text[at] ?? '-')) at++
  return text[at] === ':'
}
