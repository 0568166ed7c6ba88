/** Matches a whole text; `*` is any text. Takes time in proportion to the text: nothing is tried twice. */
export function wildcard(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*')
  const [first, last] = [parts[0]!, parts.at(-1)!]
  if (parts.length === 1) return value => value === pattern
  const middle = parts.slice(1, -1).filter(part => part !== '')
  return value => {
    if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last))
      return false
    const end = value.length - last.length
    let at = first.length
    for (const part of middle) {
      const found = value.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
