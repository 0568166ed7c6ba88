/**
 * The forms in which paths are compared, so that two spellings which a backend decodes to the same lead to the same route.
 * In a key, characters that may stand in a segment as they are compare equal to their escape, all others are escaped in
 * upper case, and slashes in a row are one.
 */

/** `pchar` of RFC 3986 without `%`. */
const PLAIN_PATH = /^(?:\/(?!\/)|[A-Za-z0-9\-._~!$&'()*+,;=:@])*$/
const PLAIN_CHAR = /^[A-Za-z0-9\-._~!$&'()*+,;=:@]$/
const UNRESERVED = /^[A-Za-z0-9\-._~]$/

/** True when the path, and so every segment of it, is its own key. */
export function isPlainPath(path: string): boolean {
  return PLAIN_PATH.test(path)
}

/** The key of a segment or a whole path. */
export function pathKey(text: string): string {
  if (isPlainPath(text)) return text
  let key = ''
  for (let at = 0; at < text.length; ) {
    const length = unitLength(text, at)
    key += unitKey(text.slice(at, at + length))
    at += length
  }
  return key
}

/** How many characters of `text` make up the key `prefix` at its start; -1 when it does not start so. */
export function prefixLength(text: string, prefix: string): number {
  if (text.startsWith(prefix) && isPlainPath(text)) return prefix.length
  let key = ''
  let at = 0
  while (key.length < prefix.length && at < text.length) {
    const length = unitLength(text, at)
    key += unitKey(text.slice(at, at + length))
    at += length
  }
  return key === prefix ? at : -1
}

/** Escapes of unreserved characters (letters, digits, `-._~`) are undone; they are never needed (RFC 3986, 6.2.2.2). */
export function decodeUnreserved(text: string): string {
  return text.includes('%') ? text.replace(/%[2-7][0-9a-fA-F]/g, decodeUnit) : text
}

function decodeUnit(unit: string): string {
  const char = String.fromCharCode(Number.parseInt(unit.slice(1), 16))
  return UNRESERVED.test(char) ? char : unit
}

/** A unit is an escape, slashes in a row, or one character. */
function unitLength(text: string, at: number): number {
  if (text[at] === '%' && /^[0-9a-fA-F]{2}$/.test(text.slice(at + 1, at + 3))) return 3
  if (text[at] === '/') {
    let end = at
    while (text[end] === '/') end++
    return end - at
  }
  return text.codePointAt(at)! > 0xffff ? 2 : 1
}

function unitKey(unit: string): string {
  if (unit.startsWith('/')) return '/'
  if (unit.length === 3) {
    const char = String.fromCharCode(Number.parseInt(unit.slice(1), 16))
    return PLAIN_CHAR.test(char) ? char : unit.toUpperCase()
  }
  return PLAIN_CHAR.test(unit) ? unit : percentEncode(unit)
}

/** UTF-8 bytes of a character as escapes. */
export function percentEncode(char: string): string {
  let out = ''
  for (const byte of Buffer.from(char, 'utf8')) out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return out
}
