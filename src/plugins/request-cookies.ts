/**
 * The cookies of a request to a backend (RFC 6265, 4.2.1).
 *
 * Guarantees: a cookie that stays keeps its bytes; after a change there is one `Cookie` field, as 5.4 wants it.
 */
import type { HeaderBlock } from '../http/headers.ts'

/** Name of a pair `name=value`; a pair without `=` has none. */
export function nameOf(pair: string): string {
  const equals = pair.indexOf('=')
  return equals < 0 ? '' : pair.slice(0, equals).trim()
}

function pairsOf(headers: HeaderBlock): string[] {
  const pairs: string[] = []
  for (const field of headers.getAll('cookie'))
    for (const pair of field.split(';')) {
      const bare = pair.trim()
      if (bare !== '') pairs.push(bare)
    }
  return pairs
}

export function hasCookie(headers: HeaderBlock, name: string): boolean {
  return headers.has('cookie') && pairsOf(headers).some(pair => nameOf(pair) === name)
}

/** Adds a pair behind the others. Name and value must be clean. */
export function appendCookie(headers: HeaderBlock, name: string, value: string): void {
  const pairs = pairsOf(headers)
  pairs.push(`${name}=${value}`)
  headers.set('Cookie', pairs.join('; '))
}

/** Takes away the cookies of these names; the field goes with its last cookie. */
export function removeCookies(headers: HeaderBlock, names: ReadonlySet<string>): void {
  if (!headers.has('cookie')) return
  const pairs = pairsOf(headers)
  const kept = pairs.filter(pair => !names.has(nameOf(pair)))
  if (kept.length === pairs.length) return
  if (kept.length === 0) headers.delete('cookie')
  else headers.set('Cookie', kept.join('; '))
}
