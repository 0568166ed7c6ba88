/** Who may see a field of a composed schema. */
import { GraphQLError } from 'graphql'
import { compileLookup } from '../json-paths.ts'
import { type Directive, textOf } from './directives.ts'

/** What guards look at: the request and its caller, and the permissions found there. */
export interface GuardFacts {
  readonly document: () => unknown
  readonly permissions: () => ReadonlySet<string>
}

/** What is shown in place of the field; `undefined`: the field itself. Throws when nothing is. */
export type FieldGuard = (facts: GuardFacts) => { readonly instead: unknown } | undefined

/** Compiles the guards of one field. Throws a sentence. */
export function fieldGuard(directives: readonly Directive[]): FieldGuard | null {
  if (directives.length === 0) return null
  const checks = directives.map(directive => ({
    holds: checkOf(directive),
    instead: textOf(directive, 'unauthorized_value'),
  }))
  return facts => {
    for (const { holds, instead } of checks) {
      if (holds(facts)) continue
      if (instead === undefined) throw new GraphQLError("You're not authorized")
      return { instead: shownValue(instead) }
    }
    return undefined
  }
}

function checkOf(directive: Directive): (facts: GuardFacts) => boolean {
  const { name, values } = directive
  if (name === 'permission') {
    const wanted = String(values['value'])
    return ({ permissions }) => permissions().has(wanted)
  }
  if (name === 'authorize') {
    const lookup = compileLookup(String(values['path']))
    const wanted = String(values['value'])
    return ({ document }) => {
      const found = lookup(document())
      const all = Array.isArray(found) ? found : [found]
      return all.some(value => value !== undefined && value !== null && textForm(value) === wanted)
    }
  }
  const wanted = Array.isArray(values['values']) ? values['values'].map(String) : []
  // Nothing that is wanted would be no guard.
  if (wanted.length === 0) throw new Error(`@${name}: values are needed`)
  return name === 'allpermissions'
    ? ({ permissions }) => wanted.every(one => permissions().has(one))
    : ({ permissions }) => wanted.some(one => permissions().has(one))
}

/** The permissions of a caller: every text that one of the paths finds. */
export function permissionsAt(paths: readonly string[]): (document: unknown) => ReadonlySet<string> {
  const lookups = paths.map(path => {
    try {
      return compileLookup(path)
    } catch (error) {
      throw new Error(`permissions: ${(error as Error).message}`)
    }
  })
  return document =>
    new Set(
      lookups
        .flatMap(lookup => {
          const found = lookup(document)
          return Array.isArray(found) ? found.flat() : [found]
        })
        .filter(value => value !== undefined && value !== null)
        .map(textForm),
    )
}

const textForm = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

function shownValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
