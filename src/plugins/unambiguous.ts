/** JSON that every reader reads alike: one takes the first of two members of a name, the other the last. */

const QUOTE = 34
const BACKSLASH = 92
const OPEN = 123
const CLOSE = 125

/** False when an object of the text, which is JSON, names a member twice. */
export function unambiguous(text: string): boolean {
  /** Names of the objects around, null for lists. */
  const around: (Set<string> | null)[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === OPEN) around.push(new Set())
    else if (char === 91) around.push(null)
    else if (char === CLOSE || char === 93) around.pop()
    if (char !== QUOTE) continue
    const end = endOfText(text, at)
    const names = around.at(-1) ?? null
    if (names !== null && isName(text, end)) {
      const raw = text.slice(at, end)
      const name = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)
      if (names.has(name)) return false
      names.add(name)
    }
    at = end - 1
  }
  return true
}

/** Behind the closing quote of the text that opens at `start`. */
function endOfText(text: string, start: number): number {
  let at = start + 1
  for (; text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++
  return at + 1
}

function isName(text: string, end: number): boolean {
  let at = end
  while (' \t\r\n'.includes(text[at] ?? '-')) at++
  return text[at] === ':'
}
