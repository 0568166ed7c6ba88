/**
 * Values that header fields are expected to have: a text, or one of the tests a text may name (`Regex(a|b)`,
 * `NotContainedIn(a, b)`).
 *
 * Guarantees: which test it is stands in the settings, never in what a client sends; patterns take linear time. Expressions inside a
 * pattern are those that only administrators decide.
 */
import { guardedRegex, isConstant, isMissing, partsOf, wildcard } from '../../expression/index.ts'
import { sameSecret, secretTest } from '../../identity/proofs.ts'
import type { Exchange, PluginServices } from '../../plugin/index.ts'
import { expressionsOf, isClientChosen } from '../../expression/client-chosen.ts'

/** Whether a value of the field is as expected. */
export type Expected = (value: string, exchange: Exchange) => boolean

type Test = (value: string) => boolean

/** Compiled patterns kept of one setting whose expressions make different ones. */
const MOST_COMPILED = 100

/** Compiles an expectation. Throws on a pattern that cannot be used. */
export function expectedValue(text: string, services: PluginServices): Expected {
  const [, name = '', argument = ''] = /^(\w+)\((.*)\)$/s.exec(text) ?? []
  const make = Object.hasOwn(tests, name) ? tests[name]! : null
  if (make === null) return compared(text, services)
  if (isConstant(argument)) {
    const test = make(argument)
    return value => test(value)
  }
  if (/^(?:Regex|Wildcard)/.test(name)) {
    const chosen = expressionsOf(argument).find(isClientChosen)
    if (chosen !== undefined)
      throw new Error(`\${${chosen}} is decided by clients, so it cannot be a part of ${name}(…)`)
  }
  const template = services.template(argument)
  const compiled = new Map<string, Test>()
  return (value, exchange) => {
    const made = template(exchange)
    let test = compiled.get(made)
    if (test === undefined) {
      test = make(made)
      if (compiled.size >= MOST_COMPILED) compiled.clear()
      compiled.set(made, test)
    }
    return test(value)
  }
}

function compared(text: string, services: PluginServices): Expected {
  if (isConstant(text)) return secretTest(text)
  const parts = partsOf(text).map((part, at) => (at % 2 === 0 ? part : services.template(part)))
  return (value, exchange) => {
    let expected = ''
    for (const part of parts) {
      const piece = typeof part === 'string' ? part : part(exchange)
      // The word for a value that is not there is known to everybody: it opens nothing.
      if (typeof part !== 'string' && isMissing(piece)) return false
      expected += piece
    }
    return sameSecret(value, expected)
  }
}

const tests: Readonly<Record<string, (argument: string) => Test>> = {
  Regex: matching,
  RegexNot: pattern => not(matching(pattern)),
  Wildcard: wildcard,
  WildcardNot: pattern => not(wildcard(pattern)),
  Contains: part => value => value.includes(part),
  ContainsNot: part => value => !value.includes(part),
  Not: other => value => value !== other,
  ContainedIn: oneOf,
  NotContainedIn: list => not(oneOf(list)),
}

function matching(pattern: string): Test {
  const regex = guardedRegex(pattern)
  return value => regex.matchesWhole(value)
}

function not(test: Test): Test {
  return value => !test(value)
}

function oneOf(list: string): Test {
  const texts = new Set(list.split(',').map(part => part.trim()))
  return value => texts.has(value)
}
