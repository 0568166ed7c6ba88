/**
 * Some top-level fields of a JSON object, with the rest only passed over: for a hundred thousand texts of which little is
 * needed now.
 *
 * Guarantees: a field answered is what `JSON.parse` of the whole would give. Not guaranteed: that the whole is JSON; what
 * is passed over is not looked at.
 */
const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_LIST = 91
const BACKSLASH = 92
const CLOSE_LIST = 93
const OPEN = 123
const CLOSE = 125

/** The fields with these names that are there. Null when the text has to be parsed as a whole to tell. */
export function topLevelFields(text: string, names: ReadonlySet<string>): Record<string, unknown> | null {
  const fields: Record<string, unknown> = {}
  let at = afterSpace(text, 0)
  if (text.charCodeAt(at) !== OPEN) return null
  do {
    const name = afterSpace(text, at + 1)
    if (text.charCodeAt(name) !== QUOTE) return null
    const end = afterString(text, name)
    const colon = afterSpace(text, end)
    if (text.charCodeAt(colon) !== COLON) return null
    const from = afterSpace(text, colon + 1)
    const to = afterValue(text, from)
    const key = text.slice(name + 1, end - 1)
    if (key.includes('\\')) return null
    if (names.has(key)) {
      try {
        fields[key] = JSON.parse(text.slice(from, to))
      } catch {
        return null
      }
    }
    at = afterSpace(text, to)
  } while (text.charCodeAt(at) === COMMA)
  return text.charCodeAt(at) === CLOSE && afterSpace(text, at + 1) === text.length ? fields : null
}

function afterSpace(text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); code === 32 || code === 10 || code === 13 || code === 9; )
    code = text.charCodeAt(++at)
  return at
}

/** `from` is that of the first quote. The end of the text for a string without end. */
function afterString(text: string, from: number): number {
  for (let at = from; ; ) {
    at = text.indexOf('"', at + 1)
    if (at < 0) return text.length
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return at + 1
  }
}

function afterValue(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = afterString(text, at)
      if (depth === 0) return at
      continue
    }
    if (code === OPEN || code === OPEN_LIST) depth++
    else if (code === CLOSE || code === CLOSE_LIST) {
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (code === COMMA && depth === 0) return at
    at++
  }
  return text.length
}
