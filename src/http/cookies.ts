/** Cookies of requests. */

/**
 * Names and values of cookie fields, in order, equal names included; values without the quotes they may stand in (RFC 6265, 4.1.1).
 * What has no name is none.
 */
export function cookiePairs(fields: readonly string[]): readonly (readonly [name: string, value: string])[] {
  const pairs: [string, string][] = []
  for (const field of fields)
    for (const pair of field.split(';')) {
      const equals = pair.indexOf('=')
      const name = equals < 0 ? '' : pair.slice(0, equals).trim()
      if (name === '') continue
      const value = pair.slice(equals + 1).trim()
      const quoted = value.length > 1 && value.startsWith('"') && value.endsWith('"')
      pairs.push([name, quoted ? value.slice(1, -1) : value])
    }
  return pairs
}

/** All values of one name, in order. */
export function cookieValues(fields: readonly string[], name: string): readonly string[] {
  return cookiePairs(fields)
    .filter(([found]) => found === name)
    .map(([, value]) => value)
}
