/**
 * What path the gateway works on. The path is brought into one form before anything looks at it, and this form is what is
 * routed on, what plugins see and what is forwarded, so they cannot disagree:
 *
 * - `%41` becomes `A`: unreserved characters (letters, digits, `-._~`) need no encoding (RFC 3986, 6.2.2.2);
 *   every other escape stays byte for byte (`%20`, `%2F`, `%c3%a9`);
 * - slashes in a row become one, except behind `:` (`/proxy/http://host`), as rewriting would do later anyway;
 * - refused: dot segments in any spelling (`..`, `%2e%2E`, `..;x`, also between `\`, `%5C` and `%2F`), a backslash, NUL,
 *   broken escapes, anything that is no visible ASCII.
 *
 * `%2F` and `%5C` stay, since package registries and code forges need them; the router answers only when it makes no difference
 * whether they separate segments (`Router.match`).
 * Not guaranteed: backends that ignore case or cut `;parameters` off see fewer paths than the gateway does.
 */
import { decodeUnreserved } from './segment-key.ts'

/** Why a path is refused, for logs and explanations. */
export type PathFault =
  | 'not_absolute'
  | 'dot_segment'
  | 'backslash'
  | 'null_byte'
  | 'broken_escape'
  | 'invalid_character'

/** A refused path: answer 400. */
export interface RefusedPath {
  readonly fault: PathFault
}

const refusals: Readonly<Record<PathFault, RefusedPath>> = {
  not_absolute: { fault: 'not_absolute' },
  dot_segment: { fault: 'dot_segment' },
  backslash: { fault: 'backslash' },
  null_byte: { fault: 'null_byte' },
  broken_escape: { fault: 'broken_escape' },
  invalid_character: { fault: 'invalid_character' },
}

/** Nothing to do and nothing to refuse: no escape, no empty segment, no segment that starts with a dot. */
const ORDINARY = /^(?:\/(?![./])[!$&-.0->@-[\]-~]*)+$/
/** Dot segments, possibly with parameters, between anything a backend may take for a separator. */
const DOT_SEGMENT = /(?:^|\/|\\|%2f|%5c)(?:\.|%2e){1,2}(?:$|\/|\\|%2f|%5c|;|%3b)/i

/** The path in its one form (the same text when it already has it), or why it is refused. `path` holds no query. */
export function normalizePath(path: string): string | RefusedPath {
  if (ORDINARY.test(path)) return path
  const fault = faultOf(path)
  if (fault !== null) return refusals[fault]
  return collapseSlashes(decodeUnreserved(path))
}

/** Why a path is refused, or null. */
export function checkPath(path: string): PathFault | null {
  const normal = normalizePath(path)
  return typeof normal === 'string' ? null : normal.fault
}

/** Slashes in a row become one; two are left behind `:`. */
export function collapseSlashes(path: string): string {
  return path.includes('//') ? path.replace(/(:?)\/{2,}/g, (_, colon) => (colon === '' ? '/' : '://')) : path
}

function faultOf(path: string): PathFault | null {
  if (!path.startsWith('/')) return 'not_absolute'
  if (path.includes('\\')) return 'backslash'
  if (!/^[!-~]*$/.test(path) || /[#?]/.test(path)) return 'invalid_character'
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return 'broken_escape'
  if (path.includes('%00')) return 'null_byte'
  return DOT_SEGMENT.test(path) ? 'dot_segment' : null
}
