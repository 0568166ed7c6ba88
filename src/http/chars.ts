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

/** `uri-host [":" port]` (RFC 3986): what may stand in `Host`. */
export const HOST = table(
  b =>
    (b >= 48 && b <= 57) ||
    (b >= 65 && b <= 90) ||
    (b >= 97 && b <= 122) ||
    "-._~%!$&'()*+,;=:[]".includes(String.fromCharCode(b)),
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

/** The bytes as text, one character per byte. */
export function text(buf: Buffer, start: number, end: number): string {
  return buf.toString('latin1', start, end)
}
