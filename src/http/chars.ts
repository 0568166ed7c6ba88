/** Character classes of RFC 9110 and 9112 as byte tables: 1 when the byte belongs to the class. */

function table(accept: (byte: number) => boolean): Uint8Array {
  const bytes = new Uint8Array(256)
  for (let i = 0; i < 256; i++) bytes[i] = accept(i) ? 1 : 0
  return bytes
}

const TOKEN_MARKS = "!#$%&'*+-.^_`|~"

/** `tchar`: characters of methods and field names (RFC 9110, 5.6.2). */
export const TCHAR = table(
  b =>
    (b >= 48 && b <= 57) ||
    (b >= 65 && b <= 90) ||
    (b >= 97 && b <= 122) ||
    (b < 128 && TOKEN_MARKS.includes(String.fromCharCode(b))),
)

/** Field values: visible characters, space, tab and obs-text; no other control character. */
export const FIELD_VALUE = table(b => b === 9 || (b >= 32 && b !== 127))

/** Request targets: visible ASCII without characters no URI may hold. Bytes above 127 are refused too. */
export const TARGET = table(
  b => b > 32 && b < 127 && b !== 34 && b !== 35 && b !== 60 && b !== 62 && b !== 92 && b !== 94 && b !== 96,
)

/**
 * Characters of an authority. RFC 3986 allows more in a host (`!$&'()*+,;=%`), but no name that resolves has them and
 * parsers disagree about lists and escapes in there, so they are refused.
 */
export const HOST = table(
  b =>
    (b >= 48 && b <= 57) ||
    (b >= 65 && b <= 90) ||
    (b >= 97 && b <= 122) ||
    '-._~:[]'.includes(String.fromCharCode(b)),
)

/** Value of a hexadecimal digit, or 255. */
export const HEX = new Uint8Array(256).fill(255)
for (let i = 0; i < 10; i++) HEX[48 + i] = i
for (let i = 0; i < 6; i++) {
  HEX[65 + i] = 10 + i
  HEX[97 + i] = 10 + i
}

export const CR = 13
export const LF = 10
export const SP = 32
export const TAB = 9
export const COLON = 58

/** Names that may stand in `Host`, with an optional port: a name or IPv4 address, or an IPv6 address in brackets. */
const AUTHORITY = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]{2,45}\])(?::(\d{0,5}))?$/i

/** True for `host[:port]` without credentials, with a port that exists. Empty text is none. */
export function validAuthority(authority: string): boolean {
  if (authority.length > 260) return false
  const match = AUTHORITY.exec(authority)
  return match !== null && (match[1] === undefined || Number(match[1]) <= 65_535)
}

/** The bytes as text, one character per byte. */
export function text(buf: Buffer, start: number, end: number): string {
  return buf.toString('latin1', start, end)
}
