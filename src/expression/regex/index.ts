/**
 * Regular expressions of administrators, run over texts of clients.
 *
 * Guarantees: the time is proportional to the length of the text, whatever the pattern (no backtracking), and bounded for large
 * patterns: a careless one cannot be made to hang a thread. Not supported, and refused when compiled: look-around, back references,
 * possessive quantifiers.
 */
import { type Match, type Machine, machine, type StepBudget } from './machine.ts'
import { parseRegex } from './syntax.ts'

export { UnsupportedPattern } from './syntax.ts'

/** A compiled pattern. */
export interface GuardedRegex {
  /** True when the pattern matches the text from its first to its last character. Throws a RangeError as `found` does. */
  matchesWhole(text: string): boolean
  /** True when the pattern matches somewhere. Throws a RangeError when a large pattern takes too many steps over a long text. */
  found(text: string): boolean
  /**
   * Replaces every match; `$1` and `\x` in `replacement` as in Java. Throws a RangeError when the result is longer than
   * `longest`, or looking for every match takes too many steps.
   */
  replaceAll(text: string, replacement: string, longest?: number): string
}

/** Compiles a pattern. It may begin with flags, such as `(?i)`. Throws `UnsupportedPattern`. */
export function guardedRegex(pattern: string): GuardedRegex {
  return flaggedRegex(pattern, '', MOST_STEPS)
}

/**
 * Compiles a pattern with flags: `i` (ignore case in ASCII), `u` (with `i`: beyond ASCII, too), `s` (a dot is any character),
 * `m` (`^` and `$` match at lines). `mostSteps`: of one replacing. Throws `UnsupportedPattern`.
 */
export function flaggedRegex(pattern: string, flags: string, mostSteps: number): GuardedRegex {
  const parsed = parseRegex(pattern, flags)
  const compiled = machine(pattern, parsed)
  return {
    matchesWhole: text => compiled.run(text, 0, true, budgetFor(text)) !== null,
    found: text => compiled.run(text, 0, false, budgetFor(text)) !== null,
    replaceAll: (text, replacement, longest = Number.POSITIVE_INFINITY) =>
      replaceAll(compiled, text, readReplacement(replacement, parsed.groups), longest, mostSteps),
  }
}

/** As `matchesWhole` of a pattern, for those who must not throw: what takes too long does not match. Throws for a pattern that is none. */
export function patternTest(pattern: string): (text: string) => boolean {
  const regex = guardedRegex(pattern)
  return text => {
    try {
      return regex.matchesWhole(text)
    } catch {
      return false
    }
  }
}

/** Steps of one replacing: some tens of milliseconds. */
const MOST_STEPS = 1_000_000
/** Steps of one look at a text: some hundred milliseconds, or so many for each of its characters. */
const MOST_LOOKED = 2_000_000
const EACH_LOOKED = 64

function budgetFor(text: string): StepBudget {
  return { steps: Math.max(MOST_LOOKED, text.length * EACH_LOOKED) }
}

/** Literal text, or the number of a group. */
type ReplacementPart = string | number

function readReplacement(replacement: string, groups: number): ReplacementPart[] {
  const parts: ReplacementPart[] = []
  for (let i = 0; i < replacement.length; i++) {
    const c = replacement[i]!
    if (c === '\\' && i + 1 < replacement.length) parts.push(replacement[++i]!)
    else if (c === '$') {
      let group = Number.parseInt(replacement[i + 1] ?? '', 10)
      if (Number.isNaN(group) || group > groups) throw new RangeError('the replacement names no group')
      i++
      // As Java: further digits count as long as such a group exists.
      for (;;) {
        const longer = group * 10 + Number.parseInt(replacement[i + 1] ?? '', 10)
        if (Number.isNaN(longer) || longer > groups) break
        group = longer
        i++
      }
      parts.push(group)
    } else parts.push(c)
  }
  return parts
}

function replaceAll(
  compiled: Machine,
  text: string,
  parts: readonly ReplacementPart[],
  longest: number,
  steps: number,
): string {
  let out = ''
  let copied = 0
  let from = 0
  const budget: StepBudget = { steps }
  while (from <= text.length) {
    const match = compiled.run(text, from, false, budget)
    if (match === null) break
    const [start, end] = [match[0]!, match[1]!]
    out += text.slice(copied, start)
    for (const part of parts) out += typeof part === 'string' ? part : groupText(text, match, part)
    if (out.length > longest) throw new RangeError('the replaced text is too long')
    copied = end
    from = end === start ? end + 1 : end
  }
  return out + text.slice(copied)
}

function groupText(text: string, match: Match, group: number): string {
  const start = match[group * 2]!
  const end = match[group * 2 + 1]!
  return start < 0 || end < 0 ? '' : text.slice(start, end)
}
