/** Texts of users in filters (RFC 4515, 3) and names (RFC 4514, 2.4) of a directory: they stay texts. */

/** A value in a filter. */
export function filterValue(text: string): string {
  return text.replace(/[\\*()\0]/g, char => `\\${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** `filter` with the login in the place of `${username}`. */
export function userFilter(filter: string, username: string): string {
  const value = filterValue(username)
  return filter.replaceAll('${username}', () => value)
}

/** First part of a name and the rest; null for a name of several values, or none. */
export function splitName(
  dn: string,
): { readonly type: string; readonly value: string; readonly rest: string } | null {
  const end = endOfPart(dn)
  const part = dn.slice(0, end)
  const equals = part.indexOf('=')
  if (equals <= 0 || /[^\\]\+/.test(part)) return null
  return {
    type: part.slice(0, equals).trim().toLowerCase(),
    value: unescapedName(part.slice(equals + 1).trim()),
    rest: dn.slice(end + 1).trim(),
  }
}

function endOfPart(dn: string): number {
  let at = 0
  while (at < dn.length && dn[at] !== ',') at += dn[at] === '\\' ? 2 : 1
  return Math.min(at, dn.length)
}

function unescapedName(text: string): string {
  const bytes: Buffer[] = []
  for (const [piece, hex, char] of text.matchAll(/\\([0-9A-Fa-f]{2})|\\(.)|[^\\]+/gs))
    bytes.push(hex !== undefined ? Buffer.from(hex, 'hex') : Buffer.from(char ?? piece))
  return Buffer.concat(bytes).toString('utf8')
}

/** For comparing names that one server wrote: case and blanks between parts aside. */
export function plainName(dn: string): string {
  return dn
    .trim()
    .toLowerCase()
    .replace(/\s*([,=])\s*/g, '$1')
}
