/** Reads a regular expression into a tree: the part of the Java and JavaScript syntaxes that needs no backtracking. */

export type Regex =
  | { readonly kind: 'set'; readonly has: (unit: number) => boolean }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Regex[] }
  | {
      readonly kind: 'repeat'
      readonly part: Regex
      readonly min: number
      readonly max: number
      readonly greedy: boolean
    }
  | { readonly kind: 'group'; readonly part: Regex; readonly index: number }
  | { readonly kind: 'assert'; readonly what: Assertion }

export type Assertion = 'start' | 'end' | 'line-start' | 'line-end' | 'boundary' | 'inside'

/** The pattern is malformed, or needs what cannot be matched in linear time (look-around, back references …). */
export class UnsupportedPattern extends Error {
  constructor(pattern: string, why: string) {
    super(`the pattern ${JSON.stringify(pattern.slice(0, 200))} cannot be used: ${why}`)
    this.name = 'UnsupportedPattern'
  }
}

export interface ParsedRegex {
  readonly tree: Regex
  /** Capturing groups, the whole match not counted. */
  readonly groups: number
  readonly ignoreCase: boolean
}

const MOST_NESTED = 50
const MOST_REPEATED = 1000

type UnitSet = (unit: number) => boolean

const digit: UnitSet = u => u >= 48 && u <= 57
const word: UnitSet = u => digit(u) || (u >= 65 && u <= 90) || (u >= 97 && u <= 122) || u === 95
const space: UnitSet = u => u === 32 || (u >= 9 && u <= 13)
const not =
  (set: UnitSet): UnitSet =>
  u =>
    !set(u)
const classes: Readonly<Record<string, UnitSet>> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: space,
  S: not(space),
}
const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, '0': 0 }

export const isWord = word

/** Characters that end a line, and that a dot does not match. */
export const isLineEnd: UnitSet = u => u === 10 || u === 13 || u === 0x2028 || u === 0x2029

/** Throws `UnsupportedPattern`. */
export function parseRegex(pattern: string, flags = ''): ParsedRegex {
  const leading = /^\(\?([imsu]+)\)/.exec(pattern)
  const all = flags + (leading?.[1] ?? '')
  if (!/^[imsu]*$/.test(all)) throw new UnsupportedPattern(pattern, 'a flag is none of i, m, s and u')
  const reader = new Reader(pattern, leading?.[0].length ?? 0, all)
  const tree = reader.choice(0)
  if (!reader.done) reader.refuse('a closing parenthesis is too many')
  return { tree, groups: reader.groups, ignoreCase: all.includes('i') }
}

class Reader {
  groups = 0
  readonly #text: string
  readonly #flags: string
  #at: number

  constructor(text: string, at: number, flags: string) {
    this.#text = text
    this.#at = at
    this.#flags = flags
  }

  get done(): boolean {
    return this.#at >= this.#text.length
  }

  refuse(why: string): never {
    throw new UnsupportedPattern(this.#text, why)
  }

  choice(depth: number): Regex {
    if (depth > MOST_NESTED) this.refuse('too deeply nested')
    const parts = [this.#sequence(depth)]
    while (this.#take('|')) parts.push(this.#sequence(depth))
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts }
  }

  #sequence(depth: number): Regex {
    const parts: Regex[] = []
    while (!this.done && this.#peek() !== '|' && this.#peek() !== ')') parts.push(this.#repeated(depth))
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts }
  }

  #repeated(depth: number): Regex {
    const part = this.#atom(depth)
    const counts = this.#counts()
    if (counts === null) return part
    const greedy = !this.#take('?')
    if (this.#peek() === '+') this.refuse('possessive quantifiers are not supported')
    if (part.kind === 'assert') this.refuse('an assertion cannot be repeated')
    if (this.#counts() !== null) this.refuse('a quantifier follows a quantifier')
    return { kind: 'repeat', part, min: counts[0], max: counts[1], greedy }
  }

  #counts(): [number, number] | null {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY]
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY]
    if (this.#take('?')) return [0, 1]
    if (this.#peek() !== '{') return null
    const found = /^\{(\d{1,5})(,(\d{1,5})?)?\}/.exec(this.#text.slice(this.#at, this.#at + 20))
    if (found === null) return this.refuse('a brace is not part of a quantifier')
    this.#at += found[0].length
    const min = Number(found[1])
    const max =
      found[2] === undefined ? min : found[3] === undefined ? Number.POSITIVE_INFINITY : Number(found[3])
    if (min > max || min > MOST_REPEATED || (max !== Number.POSITIVE_INFINITY && max > MOST_REPEATED))
      this.refuse('the counts of a quantifier are wrong or too high')
    return [min, max]
  }

  #atom(depth: number): Regex {
    const c = this.#next()
    switch (c) {
      case '(':
        return this.#group(depth)
      case '[':
        return { kind: 'set', has: this.#folded(this.#class()) }
      case '.':
        return { kind: 'set', has: this.#flags.includes('s') ? () => true : not(isLineEnd) }
      case '^':
        return { kind: 'assert', what: this.#flags.includes('m') ? 'line-start' : 'start' }
      case '$':
        return { kind: 'assert', what: this.#flags.includes('m') ? 'line-end' : 'end' }
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
      case '{':
        return this.refuse('a quantifier has nothing to repeat')
      default:
        return this.#unit(c.charCodeAt(0))
    }
  }

  #group(depth: number): Regex {
    let index = -1
    if (this.#take('?')) {
      if (!this.#take(':')) {
        const name = /^<([A-Za-z][A-Za-z0-9]*)>/.exec(this.#text.slice(this.#at, this.#at + 100))
        if (name === null) this.refuse('look-around and inline flags are not supported')
        this.#at += name![0].length
        index = ++this.groups
      }
    } else index = ++this.groups
    const part = this.choice(depth + 1)
    if (!this.#take(')')) this.refuse('a parenthesis is not closed')
    return index < 0 ? part : { kind: 'group', part, index }
  }

  #escape(): Regex {
    const c = this.#next()
    if (c === 'b') return { kind: 'assert', what: 'boundary' }
    if (c === 'B') return { kind: 'assert', what: 'inside' }
    const known = this.#known(c)
    return known === null ? this.#unit(this.#escaped(c)) : { kind: 'set', has: known }
  }

  /** The set an escape stands for, or null when it is a unit. */
  #known(c: string): UnitSet | null {
    if (Object.hasOwn(classes, c)) return classes[c]!
    if (c !== 'p' && c !== 'P') return null
    const name = /^\{(\w{1,40}(?:=\w{1,40})?)\}/.exec(this.#text.slice(this.#at, this.#at + 90))
    const set = name === null ? null : property(name[1]!)
    if (set === null) return this.refuse('a property of characters is not known')
    this.#at += name![0].length
    return c === 'p' ? set : not(set)
  }

  /** The code unit an escape stands for. */
  #escaped(c: string): number {
    if (Object.hasOwn(controls, c)) return controls[c]!
    if (c === 'x' || c === 'u') {
      const digits = this.#text.slice(this.#at, this.#at + (c === 'x' ? 2 : 4))
      if (!/^(?:[0-9a-f]{2}|[0-9a-f]{4})$/i.test(digits)) this.refuse('an escape is malformed')
      this.#at += digits.length
      return Number.parseInt(digits, 16)
    }
    if (/[A-Za-z1-9]/.test(c)) this.refuse(`the escape \\${c} is not supported`)
    return c.charCodeAt(0)
  }

  #class(): UnitSet {
    const negated = this.#take('^')
    const sets: UnitSet[] = []
    let first = true
    while (first || this.#peek() !== ']') {
      first = false
      const from = this.#member()
      if (typeof from === 'function') {
        sets.push(from)
        continue
      }
      let to = from
      if (this.#peek() === '-' && this.#text[this.#at + 1] !== ']') {
        this.#at++
        const end = this.#member()
        if (typeof end === 'function' || end < from) return this.refuse('a range in a class is wrong')
        to = end
      }
      sets.push(u => u >= from && u <= to)
    }
    this.#at++
    const any: UnitSet = u => sets.some(set => set(u))
    return negated ? not(this.#folded(any)) : any
  }

  #member(): number | UnitSet {
    const c = this.#next()
    if (c === '[' || (c === '&' && this.#peek() === '&'))
      this.refuse('classes inside classes are not supported')
    if (c !== '\\') return c.charCodeAt(0)
    const e = this.#next()
    return this.#known(e) ?? this.#escaped(e)
  }

  #unit(unit: number): Regex {
    return { kind: 'set', has: this.#folded(u => u === unit) }
  }

  #folded(set: UnitSet): UnitSet {
    if (!this.#flags.includes('i')) return set
    const folded: UnitSet = u =>
      set(u) || (u >= 65 && u <= 90 && set(u | 32)) || (u >= 97 && u <= 122 && set(u & ~32))
    if (!this.#flags.includes('u')) return folded
    return u => folded(u) || (u > 127 && otherCases(u).some(set))
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #next(): string {
    if (this.done) this.refuse('it ends too early')
    return this.#text[this.#at++]!
  }

  #take(c: string): boolean {
    if (this.#peek() !== c) return false
    this.#at++
    return true
  }
}

/** Characters with a property of Unicode, those of one unit. Null for one that is not known. */
function property(name: string): UnitSet | null {
  try {
    const native = new RegExp(`^\\p{${name}}$`, 'u')
    return unit => native.test(String.fromCharCode(unit))
  } catch {
    return null
  }
}

/** Upper and lower case of a character beyond ASCII, where they are one unit. */
function otherCases(unit: number): number[] {
  const char = String.fromCharCode(unit)
  return [char.toLowerCase(), char.toUpperCase()]
    .filter(other => other.length === 1)
    .map(other => other.charCodeAt(0))
}
