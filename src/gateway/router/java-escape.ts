/** The escapes of Java regular expressions that stand for characters, in and out of character classes. */
import { type Reading, TranslationFault } from './java-regex-translation.ts'

/** `text`: characters that stand for themselves. `set`: one character of a set, `members` in class syntax. */
export type Escape =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'set'; readonly members: string; readonly negated: boolean }
  | { readonly kind: 'sequence'; readonly pattern: string }

const SPACES = ' \\t\\n\\x0B\\f\\r'
const NO_SPACES = '\\x00-\\x08\\x0E-\\x1F!-\\uFFFF'
const HORIZONTAL = ' \\t\\xA0\\u1680\\u180E\\u2000-\\u200A\\u202F\\u205F\\u3000'
const VERTICAL = '\\n\\x0B\\f\\r\\x85\\u2028\\u2029'

const CHARACTERS: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  f: '\f',
  e: '\x1b',
  a: '\x07',
}

const SETS: Readonly<Record<string, string>> = {
  d: '\\d',
  w: '\\w',
  s: SPACES,
  S: NO_SPACES,
  h: HORIZONTAL,
  v: VERTICAL,
}

/** POSIX classes of Java: ASCII only. */
const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7F',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`\\{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1F\\x7F',
  XDigit: '0-9a-fA-F',
  Space: SPACES,
}

/** Reads the escape at the position. Throws `TranslationFault` for what cannot be expressed. */
export function readEscape(reading: Reading): Escape {
  const { source } = reading
  const char = source[reading.at + 1]
  if (char === undefined) throw new TranslationFault('it ends with a backslash')
  if (!/[a-zA-Z0-9]/.test(char)) return taken(reading, 2, { kind: 'text', text: char })
  if (Object.hasOwn(CHARACTERS, char)) return taken(reading, 2, { kind: 'text', text: CHARACTERS[char]! })
  if (Object.hasOwn(SETS, char))
    return taken(reading, 2, { kind: 'set', members: SETS[char]!, negated: false })
  const lower = char.toLowerCase()
  if (Object.hasOwn(SETS, lower))
    return taken(reading, 2, { kind: 'set', members: SETS[lower]!, negated: true })
  switch (char) {
    case 'R':
      return taken(reading, 2, { kind: 'sequence', pattern: `(?:\\r\\n|[${VERTICAL}])` })
    case 'Q':
      return quoted(reading)
    case 'x':
    case 'u':
      return hexadecimal(reading)
    case 'p':
    case 'P':
      return property(reading)
    default:
      throw new TranslationFault(`\\${char} is not supported`)
  }
}

function taken<E extends Escape>(reading: Reading, length: number, found: E): E {
  reading.at += length
  return found
}

function quoted(reading: Reading): Escape {
  const start = reading.at + 2
  const end = reading.source.indexOf('\\E', start)
  const text = reading.source.slice(start, end < 0 ? undefined : end)
  reading.at = end < 0 ? reading.source.length : end + 2
  return { kind: 'text', text }
}

function hexadecimal(reading: Reading): Escape {
  const found = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|x\{([0-9a-fA-F]{1,6})\})/.exec(
    reading.source.slice(reading.at),
  )
  const code = found === null ? -1 : Number.parseInt(found[1] ?? found[2] ?? found[3]!, 16)
  if (code < 0 || code > 0x10ffff) throw new TranslationFault('a broken hexadecimal escape')
  return taken(reading, found![0].length, { kind: 'text', text: String.fromCodePoint(code) })
}

function property(reading: Reading): Escape {
  const found = /^\\([pP])(?:\{(\w+)\}|([A-Z]))/.exec(reading.source.slice(reading.at))
  if (found === null) throw new TranslationFault('a broken \\p')
  const name = found[2] ?? found[3]!
  const negated = found[1] === 'P'
  if (Object.hasOwn(POSIX, name))
    return taken(reading, found[0].length, { kind: 'set', members: POSIX[name]!, negated })
  const unicode = name.startsWith('Is') ? name.slice(2) : name
  const known = /^(?:[LMNPSZC][a-z]?|Alphabetic|Uppercase|Lowercase|White_Space|Ideographic)$/.test(unicode)
  if (!known || reading.ignoreCase) throw new TranslationFault(`\\p{${name}} is not supported here`)
  reading.unicode = true
  return taken(reading, found[0].length, { kind: 'set', members: `\\p{${unicode}}`, negated })
}
