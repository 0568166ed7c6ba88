/**
 * Rewrites a Java regular expression for JavaScript. What is written reads the same with and without the `u` flag, which
 * is only set where a Unicode property needs it.
 */
import { characterClass } from './java-character-class.ts'
import { type Escape, readEscape } from './java-escape.ts'

/** Why an expression is refused, as the end of a sentence. */
export class TranslationFault extends Error {}

/** Largest count of a `{n,m}`: more makes code of megabytes. */
const MAX_COUNT = 1000

/** The reading position and what was learned on the way. */
export interface Reading {
  readonly source: string
  at: number
  out: string
  ignoreCase: boolean
  multiline: boolean
  dotAll: boolean
  unicode: boolean
  /** Capturing groups opened so far. */
  groups: number
  readonly names: Set<string>
}

export interface Translated {
  readonly pattern: string
  readonly flags: string
}

/** Throws `TranslationFault`. */
export function translate(source: string): Translated {
  const reading: Reading = {
    source,
    at: 0,
    out: '',
    ignoreCase: false,
    multiline: false,
    dotAll: false,
    unicode: false,
    groups: 0,
    names: new Set(),
  }
  leadingFlags(reading)
  while (reading.at < source.length) token(reading)
  const flags = `${reading.multiline ? 'm' : ''}${reading.dotAll ? 's' : ''}${reading.unicode ? 'u' : ''}`
  return { pattern: reading.out, flags }
}

function leadingFlags(reading: Reading): void {
  for (;;) {
    const found = /^\(\?([a-zA-Z]+)\)/.exec(reading.source.slice(reading.at))
    if (found === null) return
    for (const flag of found[1]!) {
      if (flag === 'i') reading.ignoreCase = true
      else if (flag === 'm') reading.multiline = true
      else if (flag === 's') reading.dotAll = true
      else throw new TranslationFault(`the flag (?${flag}) is not supported`)
    }
    reading.at += found[0].length
  }
}

function token(reading: Reading): void {
  const char = reading.source[reading.at]!
  switch (char) {
    case '\\':
      escaped(reading)
      return
    case '[':
      reading.out += characterClass(reading)
      return
    case '(':
      group(reading)
      return
    case '*':
    case '+':
    case '?':
      reading.at++
      reading.out += char
      quantifierEnd(reading)
      return
    case '{':
      counted(reading)
      return
    case ']':
    case '}':
      reading.at++
      reading.out += `\\${char}`
      return
    case '^':
    case '$':
    case '|':
    case '.':
    case ')':
      reading.at++
      reading.out += char
      return
    default:
      reading.at++
      // Two units of one character: only the u flag lets a repetition concern both.
      if (char >= '\ud800' && char <= '\udfff') reading.unicode = true
      reading.out += literal(char, reading.ignoreCase)
  }
}

function group(reading: Reading): void {
  const rest = reading.source.slice(reading.at)
  const opening = /^\((?:\?(?::|=|!|<=|<!|<([a-zA-Z][a-zA-Z0-9]*)>))?/.exec(rest)![0]
  if (opening === '(' && rest[1] === '?') {
    throw new TranslationFault(
      rest[2] === '>' ? 'atomic groups are not supported' : 'flags are supported at its start only',
    )
  }
  const name = /<([a-zA-Z][a-zA-Z0-9]*)>/.exec(opening)?.[1]
  if (name !== undefined) reading.names.add(name)
  if (opening === '(' || name !== undefined) reading.groups++
  reading.out += opening
  reading.at += opening.length
}

function counted(reading: Reading): void {
  const found = /^\{(\d+)(?:,(\d*))?\}/.exec(reading.source.slice(reading.at))
  if (found === null) throw new TranslationFault('{ is neither escaped nor a repetition')
  if (Number(found[1]) > MAX_COUNT || Number(found[2] ?? 0) > MAX_COUNT)
    throw new TranslationFault(`repetitions above ${MAX_COUNT} are not supported`)
  reading.at += found[0].length
  reading.out += found[0]
  quantifierEnd(reading)
}

function quantifierEnd(reading: Reading): void {
  const next = reading.source[reading.at]
  if (next === '+') throw new TranslationFault('possessive quantifiers are not supported')
  if (next !== '?') return
  reading.out += '?'
  reading.at++
}

function escaped(reading: Reading): void {
  const next = reading.source[reading.at + 1]
  if (next !== undefined && 'AzZ'.includes(next)) anchor(reading)
  else if (next !== undefined && next >= '1' && next <= '9') backReference(reading, next)
  else if (next === 'k') namedReference(reading)
  else if (next === 'b' || next === 'B') {
    reading.at += 2
    reading.out += `\\${next}`
  } else reading.out += outside(readEscape(reading), reading.ignoreCase)
}

function outside(found: Escape, ignoreCase: boolean): string {
  if (found.kind === 'text') {
    let out = ''
    for (const char of found.text) out += literal(char, ignoreCase)
    return out
  }
  if (found.kind === 'sequence') return found.pattern
  return `[${found.negated ? '^' : ''}${found.members}]`
}

/** The whole text is matched, so the ends of the text are where `^` and `$` stand, unless `(?m)` moves them to lines. */
function anchor(reading: Reading): void {
  if (reading.multiline) throw new TranslationFault('\\A, \\z and \\Z are not supported together with (?m)')
  reading.out += reading.source[reading.at + 1] === 'A' ? '^' : '$'
  reading.at += 2
}

function backReference(reading: Reading, digit: string): void {
  const after = reading.source[reading.at + 2]
  if (Number(digit) > reading.groups || (after !== undefined && after >= '0' && after <= '9'))
    throw new TranslationFault('a reference to a group that does not exist')
  if (reading.ignoreCase) throw new TranslationFault('references are not supported together with (?i)')
  reading.out += `\\${digit}`
  reading.at += 2
}

function namedReference(reading: Reading): void {
  const found = /^\\k<([a-zA-Z][a-zA-Z0-9]*)>/.exec(reading.source.slice(reading.at))
  if (found === null || !reading.names.has(found[1]!))
    throw new TranslationFault('a reference to a group that does not exist')
  if (reading.ignoreCase) throw new TranslationFault('references are not supported together with (?i)')
  reading.out += found[0]
  reading.at += found[0].length
}

/** One character that stands for itself. Case is spelled out: the linear engine does not know the `i` flag. */
export function literal(char: string, ignoreCase: boolean): string {
  if (ignoreCase && /^[a-zA-Z]$/.test(char)) return `[${char.toLowerCase()}${char.toUpperCase()}]`
  return /^[\^$\\.*+?()[\]{}|/]$/.test(char) ? `\\${char}` : char
}
