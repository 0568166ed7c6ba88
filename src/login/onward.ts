/**
 * The way back in addresses where identity providers end their own sessions.
 *
 * `${redirect}` is all of it, as upstream has it. The other two are its parts, for providers that take registered addresses only:
 * the address, which is always the same, and the rest, which they hand back as `state`.
 */
export const BACK = '${redirect}'
export const BACK_BASE = '${redirectBase}'
export const BACK_STATE = '${redirectState}'

/** `way`: an absolute address. */
export function wayOnward(onward: string, way: string): string {
  const { origin, pathname, search } = new URL(way)
  return onward
    .replaceAll(BACK, () => encodeURIComponent(way))
    .replaceAll(BACK_BASE, () => encodeURIComponent(origin + pathname))
    .replaceAll(BACK_STATE, () => Buffer.from(search).toString('base64url'))
}

/** The parameters that came back as `state`. */
export function returnedParameters(query: URLSearchParams): URLSearchParams {
  const state = query.get('state')
  if (state === null || query.has('redirectTo')) return query
  return new URLSearchParams(Buffer.from(state, 'base64url').toString('utf8'))
}
