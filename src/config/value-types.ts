/** Types of settings: how a value that a source gave becomes the value the program uses. */
import { isIP } from 'node:net'
import { isObject, type Raw } from './raw.ts'

export interface ValueType<T> {
  /** Shown in the documentation. */
  readonly name: string
  /** Completes "expected …". */
  readonly expected: string
  /** Undefined: the value is not of this type. */
  read(raw: Raw): T | undefined
  /** A `file:///path` value stands for the content of that file. */
  readonly fromFile: boolean
  /** What to say of a value that is not of this type, in place of "expected …"; undefined for the usual. */
  refuse?(raw: Raw): string | undefined
}

interface Shape {
  readonly name: string
  readonly expected: string
}

function type<T>(shape: Shape, read: (raw: Raw) => T | undefined, fromFile = true): ValueType<T> {
  return { ...shape, read, fromFile }
}

function textOf(raw: Raw): string | undefined {
  if (typeof raw === 'string') return raw
  return typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : undefined
}

/** Whole number written in digits; undefined for anything else, `1e3` and `0x10` included. */
function wholeOf(raw: Raw): number | undefined {
  const text = textOf(raw)?.trim()
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** Never empty: an empty secret would be none. */
export const text: ValueType<string> = type(
  { name: 'text', expected: 'a text that is not empty' },
  raw => textOf(raw) || undefined,
)

/** A path of a file or directory. `file:///path` is that path. */
export const path: ValueType<string> = type(
  { name: 'path', expected: 'a path' },
  raw => {
    const written = textOf(raw)
    if (written === undefined || written.trim() === '' || written.includes('\0')) return undefined
    return written.startsWith('file:///') ? written.slice('file://'.length) : written
  },
  false,
)

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/
export const headerName: ValueType<string> = type(
  { name: 'header name', expected: 'the name of a header' },
  raw => {
    const name = textOf(raw)
    return name !== undefined && TOKEN.test(name) ? name : undefined
  },
)

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const HOST = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`)
export const hostName: ValueType<string> = type(
  { name: 'host name', expected: 'a host name, such as oto.tools' },
  raw => {
    const name = textOf(raw)?.trim()
    return name !== undefined && HOST.test(name) ? name.toLowerCase() : undefined
  },
)

/** A host name or an IP address, without port; IPv6 in brackets or not. */
export const address: ValueType<string> = type(
  { name: 'address', expected: 'an IP address or a host name' },
  raw => {
    const written = textOf(raw)
      ?.trim()
      .replace(/^\[(.*)\]$/, '$1')
    return written !== undefined && isIP(written) !== 0 ? written : hostName.read(raw)
  },
)

export const flag: ValueType<boolean> = type({ name: 'boolean', expected: 'true or false' }, raw => {
  const written = textOf(raw)?.trim().toLowerCase()
  if (written === 'true' || written === 'yes' || written === 'on') return true
  return written === 'false' || written === 'no' || written === 'off' ? false : undefined
})

export function whole(min: number, max: number): ValueType<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `${min}-${max}`
  return type({ name: 'number', expected: `a whole number ${range}` }, raw => {
    const value = wholeOf(raw)
    return value !== undefined && value >= min && value <= max ? value : undefined
  })
}

export const port: ValueType<number> = type(
  { name: 'port', expected: 'a port number 1-65535 (0 for any free port)' },
  whole(0, 65_535).read,
)

const UNITS: ReadonlyArray<readonly [RegExp, number]> = [
  [/^(?:ms|millis?|milliseconds?)?$/, 1],
  [/^(?:s|seconds?)$/, 1000],
  [/^(?:m|minutes?)$/, 60_000],
  [/^(?:h|hours?)$/, 3_600_000],
  [/^(?:d|days?)$/, 86_400_000],
]

/** Milliseconds. Longer than this a timer of the process would fire at once. */
export const MAX_DURATION = 2_147_483_647

/** Milliseconds; a bare number is milliseconds. `infinite`, where 0 means "no limit", is 0. */
export function duration(
  options: { readonly min?: number; readonly zeroIsNone?: boolean } = {},
): ValueType<number> {
  const { min = 0, zeroIsNone = false } = options
  const lowest = min > 0 ? ` of ${min} ms or more` : ''
  const none = zeroIsNone ? ', 0 or infinite for none' : ''
  return type(
    { name: 'duration', expected: `a duration${lowest}, such as 500, 30s or 2 minutes${none}` },
    raw => {
      const written = textOf(raw)?.trim()
      if (zeroIsNone && written !== undefined && /^inf(?:inite)?$/.test(written)) return 0
      const parts = written === undefined ? null : /^(\d{1,12})(\.\d{1,6})?\s?([a-z]*)$/.exec(written)
      const unit = parts === null ? undefined : UNITS.find(([name]) => name.test(parts[3]!))
      if (parts === null || unit === undefined) return undefined
      const value = Math.round(Number(`${parts[1]}${parts[2] ?? ''}`) * unit[1])
      return value >= min && value <= MAX_DURATION ? value : undefined
    },
  )
}

const SIZES: ReadonlyArray<readonly [RegExp, number]> = [
  [/^(?:b|bytes?)?$/i, 1],
  [/^(?:k|ki|kib|kibibytes?)$/i, 1024],
  [/^(?:m|mi|mib|mebibytes?)$/i, 1_048_576],
  [/^(?:g|gi|gib|gibibytes?)$/i, 1_073_741_824],
  [/^(?:kb|kilobytes?)$/i, 1000],
  [/^(?:mb|megabytes?)$/i, 1_000_000],
  [/^(?:gb|gigabytes?)$/i, 1_000_000_000],
]

/** Bytes; `16k` is 16384 and `16kB` 16000. */
export function bytes(
  options: { readonly min?: number; readonly infinite?: boolean } = {},
): ValueType<number> {
  const { min = 0, infinite = false } = options
  const lowest = min > 0 ? ` of ${min} bytes or more` : ''
  const none = infinite ? ', or infinite' : ''
  return type({ name: 'size', expected: `a size${lowest}, such as 16384, 16k or 256m${none}` }, raw => {
    const written = textOf(raw)?.trim()
    if (infinite && written !== undefined && /^(?:inf(?:inite)?|Infinity)$/.test(written))
      return Number.POSITIVE_INFINITY
    const parts = written === undefined ? null : /^(\d{1,13})\s?([a-zA-Z]*)$/.exec(written)
    const unit = parts === null ? undefined : SIZES.find(([name]) => name.test(parts[2]!))
    if (parts === null || unit === undefined) return undefined
    const value = Number(parts[1]) * unit[1]
    return value >= min && Number.isSafeInteger(value) ? value : undefined
  })
}

/** One of a few words, in any case of letters. `aliases` maps other spellings to them. */
export function choice<const T extends string>(
  words: readonly T[],
  aliases: Readonly<Record<string, T>> = {},
  hint = '',
): ValueType<T> {
  return type({ name: words.join(' \\| '), expected: `${words.join(', ')}${hint}` }, raw => {
    const written = textOf(raw)?.trim().toLowerCase()
    if (written === undefined) return undefined
    const alias = Object.hasOwn(aliases, written) ? aliases[written] : undefined
    return alias ?? words.find(word => word.toLowerCase() === written)
  })
}

/** A list of texts; one text is split at its commas. */
export const texts: ValueType<readonly string[]> = type(
  { name: 'list of texts', expected: 'a list of texts, or one text with commas' },
  raw => {
    if (raw !== null && Array.isArray(raw)) {
      const items = (raw as readonly Raw[]).map(item => textOf(item)?.trim())
      return items.every(item => item !== undefined) ? items.filter(item => item !== '') : undefined
    }
    return textOf(raw)
      ?.split(',')
      .map(item => item.trim())
      .filter(item => item !== '')
  },
)

export const hostNames: ValueType<readonly string[]> = type(
  { name: 'list of host names', expected: 'a list of host names, or one text with commas' },
  raw => {
    const names = texts.read(raw)?.map(name => hostName.read(name))
    return names?.every(name => name !== undefined) ? names : undefined
  },
)

/** A JSON object: written out in a file, or as JSON text. */
export const jsonObject: ValueType<{ readonly [key: string]: Raw }> = type(
  { name: 'JSON object', expected: 'a JSON object' },
  raw => {
    if (typeof raw !== 'string') return isObject(raw) ? raw : undefined
    try {
      const value = JSON.parse(raw) as Raw
      return isObject(value) ? value : undefined
    } catch {
      return undefined
    }
  },
)

/** Null when it is not given, or empty. */
export function optional<T>(inner: ValueType<T>): ValueType<T | null> {
  return { ...inner, read: raw => (raw === null || raw === '' ? null : inner.read(raw)) }
}
