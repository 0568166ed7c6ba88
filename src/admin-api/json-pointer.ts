/** JSON Pointer, RFC 6901. */

/** Reference tokens of a pointer, or null when it is not one. */
export function parsePointer(pointer: string): string[] | null {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return null
  return pointer
    .slice(1)
    .split('/')
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** `path` with one more token. */
export function childPointer(path: string, token: string | number): string {
  return `${path}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** Position in an array, or -1: digits without leading zero (RFC 6901, 4). */
export function arrayIndex(token: string): number {
  return /^(0|[1-9][0-9]{0,8})$/.test(token) ? Number(token) : -1
}

/** The value at the tokens, or undefined when there is none. Sees own fields only. */
export function valueAt(document: unknown, tokens: readonly string[]): unknown {
  let value = document
  for (const token of tokens) {
    if (Array.isArray(value)) {
      const index = arrayIndex(token)
      value = index < 0 ? undefined : value[index]
    } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, token))
      value = (value as Record<string, unknown>)[token]
    else return undefined
  }
  return value
}
