/** Whether a preflight request asks for nothing but what is allowed. */
import type { HeaderBlock } from '../../http/headers.ts'

/** Compiles the lists of header fields and methods. Methods compare with case, as browsers do. */
export function preflightRule(
  allowHeaders: readonly string[],
  allowMethods: readonly string[],
): (headers: HeaderBlock) => boolean {
  const names = new Set(allowHeaders.map(name => name.trim().toLowerCase()))
  const methods = new Set(allowMethods.map(method => method.trim()))
  return headers => {
    if (!methods.has(headers.get('access-control-request-method')!.trim())) return false
    // As in the Fetch standard, `*` is for requests without credentials.
    if (names.has('*') && !headers.has('cookie') && !headers.has('authorization')) return true
    return headers
      .getAll('access-control-request-headers')
      .flatMap(field => field.split(','))
      .map(name => name.trim().toLowerCase())
      .every(name => name === '' || names.has(name))
  }
}
