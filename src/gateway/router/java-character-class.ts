/** `[…]` of Java regular expressions. Nested classes and intersections (`&&`) are refused. */
import { type Escape, readEscape } from './java-escape.ts'
import { type Reading, TranslationFault } from './java-regex-translation.ts'

/** Reads the class that starts at the position and answers it for JavaScript. Throws `TranslationFault`. */
export function characterClass(reading: Reading): string {
  reading.at++
  let out = '['
  if (reading.source[reading.at] === '^') {
    out += '^'
    reading.at++
  }
  if (reading.source[reading.at] === ']') throw new TranslationFault('an empty character class')
  while (reading.source[reading.at] !== ']') out += item(reading)
  reading.at++
  return `${out}]`
}

function item(reading: Reading): string {
  const first = member(reading)
  if (first.kind !== 'text') return inside(first)
  const { source } = reading
  const ranged = source[reading.at] === '-' && source[reading.at + 1] !== ']'
  const low = [...first.text].at(-1)
  if (!ranged || low === undefined) return characters(first.text, reading)
  reading.at++
  const second = member(reading)
  if (second.kind !== 'text') return `${characters(first.text, reading)}\\-${inside(second)}`
  const [high, ...others] = [...second.text]
  if (high === undefined) throw new TranslationFault('a range without an end')
  const before = first.text.slice(0, first.text.length - low.length)
  return characters(before, reading) + range(low, high, reading) + characters(others.join(''), reading)
}

/** A plain character, or what an escape stands for. */
function member(reading: Reading): Escape {
  const char = reading.source[reading.at]
  if (char === undefined) throw new TranslationFault('a character class that does not end')
  if (char === '[') throw new TranslationFault('nested character classes are not supported')
  if (char === '&' && reading.source[reading.at + 1] === '&')
    throw new TranslationFault('intersections of character classes are not supported')
  if (char === '\\') return readEscape(reading)
  const text = String.fromCodePoint(reading.source.codePointAt(reading.at)!)
  reading.at += text.length
  return { kind: 'text', text }
}

function inside(found: Escape): string {
  if (found.kind === 'text') return found.text
  if (found.kind === 'sequence') throw new TranslationFault('\\R is not supported in a character class')
  if (!found.negated) return found.members
  const single = /^\\(?:([dw])|p(\{\w+\}))$/.exec(found.members)
  if (single === null)
    throw new TranslationFault('a negated set is not supported in a character class, except \\D, \\W and \\P')
  return single[1] !== undefined ? `\\${single[1].toUpperCase()}` : `\\P${single[2]}`
}

function characters(text: string, reading: Reading): string {
  let out = ''
  for (const char of text) {
    const swapped = reading.ignoreCase ? swapCase(char) : char
    out += spelled(char, reading) + (swapped === char ? '' : swapped)
  }
  return out
}

function range(low: string, high: string, reading: Reading): string {
  if (low.codePointAt(0)! > high.codePointAt(0)!) throw new TranslationFault('a range out of order')
  let out = `${spelled(low, reading)}-${spelled(high, reading)}`
  if (!reading.ignoreCase) return out
  for (const [start, end] of [
    ['a', 'z'],
    ['A', 'Z'],
  ] as const) {
    const from = low > start ? low : start
    const to = high < end ? high : end
    if (from <= to) out += `${swapCase(from)}-${swapCase(to)}`
  }
  return out
}

function swapCase(char: string): string {
  if (char >= 'a' && char <= 'z') return char.toUpperCase()
  return char >= 'A' && char <= 'Z' ? char.toLowerCase() : char
}

/** One character of a class. Characters outside the basic plane are two units, which only the `u` flag keeps together. */
function spelled(char: string, reading: Reading): string {
  if (char.length > 1) reading.unicode = true
  return /^[\\\]^[-]$/.test(char) ? `\\${char}` : char
}
