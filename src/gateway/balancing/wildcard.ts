/** Wildcard patterns (`*` is any text) matched against the whole text, without regular expressions: never slower than
 * pattern × text, whatever an author writes. */

export type Match = (text: string) => boolean

/** Compiles a pattern. Line breaks are ordinary characters. */
export function compileWildcard(pattern: string): Match {
  const parts = pattern.split('*')
  const first = parts[0]!
  if (parts.length === 1) return text => text === pattern
  const last = parts[parts.length - 1]!
  const middle = parts.slice(1, -1).filter(part => part !== '')
  const shortest = first.length + last.length
  if (shortest === 0 && middle.length === 0) return () => true
  return text => {
    if (text.length < shortest || !text.startsWith(first) || !text.endsWith(last)) return false
    const end = text.length - last.length
    let at = first.length
    for (const part of middle) {
      const found = text.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
