/**
 * JSON Schema as the plugins use it: drafts 6, 7, 2019-09 and 2020-12, formats asserted, patterns in linear time.
 *
 * Guarantees: nothing is fetched, whatever `$ref` says; a schema that cannot be used is refused when it is compiled; a body is never
 * changed; the list of faults is bounded.
 */
import type { ErrorObject, Options, ValidateFunction } from 'ajv'
import { createRequire } from 'node:module'
import { guardedRegex } from '../expression/index.ts'

/** Faults of one body that are told. */
const MOST_FAULTS = 20
/** Above this length of a text only the first fault is looked for: each costs memory. */
const LONGEST_FOR_ALL = 65_536

/** What a JSON text does not fit; empty when it does. Throws a SyntaxError on a text that is not JSON. */
export type SchemaCheck = (text: string) => readonly string[]

interface Validators {
  compile(schema: unknown): ValidateFunction
  addMetaSchema(schema: unknown): void
}
type Make = new (options: Options) => Validators

const require = createRequire(import.meta.url)
const made = (module: string): Make => (require(module) as { readonly default: Make }).default

/** By the end of the id of the dialect. */
const dialects: Readonly<Record<string, () => Make>> = {
  '2020-12': () => made('ajv/dist/2020'),
  '2019-09': () => made('ajv/dist/2019'),
  'draft-07': () => made('ajv'),
  'draft-06': () => made('ajv'),
}
const USUAL = '2020-12'

/** Compiles a schema. `dialect`: id of the one the schema is in, unless it says so itself. Throws a sentence. */
export function schemaCheck(schemaText: string, dialect: string): SchemaCheck {
  let schema: unknown
  try {
    schema = JSON.parse(schemaText)
  } catch (error) {
    throw new Error(`schema is not JSON: ${(error as Error).message}`)
  }
  const gap = gapOf(schema)
  if (gap !== null) throw new Error(`schema cannot be used: ${gap}`)
  const named = (schema as { readonly $schema?: unknown } | null)?.$schema
  const name = dialectOf(typeof named === 'string' ? named : dialect)
  // Two of them: telling every fault costs memory for each.
  const quick = compiled(schema, name, false)
  let thorough: ValidateFunction | null = null
  return text => {
    const value: unknown = JSON.parse(text)
    if (quick(value)) return []
    if (text.length > LONGEST_FOR_ALL) return sentences(quick.errors)
    thorough ??= compiled(schema, name, true)
    thorough(value)
    return sentences(thorough.errors)
  }
}

/**
 * What the validators would get wrong, and so let pass what does not fit; null for nothing. Names of members are taken for
 * keywords: rather a schema too many is refused.
 */
function gapOf(schema: unknown): string | null {
  const used = new Set<string>()
  let open = false
  const look = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > 500) return
    const names = Object.keys(value)
    for (const name of names) if (!Array.isArray(value)) used.add(name)
    if (names.includes('if') && !(names.includes('then') && names.includes('else'))) open = true
    for (const inner of Object.values(value)) look(inner, depth + 1)
  }
  look(schema, 0)
  if (used.has('$dynamicRef')) return '$dynamicRef is not supported'
  if (used.has('__proto__')) return 'a member cannot be named __proto__'
  if (used.has('unevaluatedItems') && used.has('contains'))
    return 'unevaluatedItems beside contains is not supported'
  const unevaluated = used.has('unevaluatedItems') || used.has('unevaluatedProperties')
  return unevaluated && open ? 'beside unevaluated… an if needs then and else' : null
}

function dialectOf(id: string): string {
  const found = /(2020-12|2019-09|draft-0\d)/.exec(id)?.[1]
  if (found !== undefined && !Object.hasOwn(dialects, found))
    throw new Error(`specification: ${found} of JSON Schema is not read; 6, 7, 2019-09 and 2020-12 are`)
  return found ?? USUAL
}

function compiled(schema: unknown, dialect: string, all: boolean): ValidateFunction {
  const ajv = new (dialects[dialect]!())({
    allErrors: all,
    strict: false,
    logger: false,
    // `constructor` is a member only where a body has it.
    ownProperties: true,
    code: { regExp: linear },
  })
  ;(require('ajv-formats') as { readonly default: (ajv: Validators) => void }).default(ajv)
  if (dialect === 'draft-06') ajv.addMetaSchema(require('ajv/dist/refs/json-schema-draft-06.json'))
  let validate: ValidateFunction
  try {
    validate = ajv.compile(schema)
  } catch (error) {
    throw new Error(`schema cannot be used: ${(error as Error).message.slice(0, 500)}`)
  }
  // Such a validator answers a promise, which is no verdict.
  if ('$async' in validate) throw new Error('schema cannot be used: it is asynchronous')
  return validate
}

/** Patterns of a schema run over what clients send. */
const linear = Object.assign(
  (pattern: string) => {
    const regex = guardedRegex(pattern)
    // The validators keep patterns by their text.
    return { test: (text: string) => regex.found(text), toString: () => `/${pattern}/` }
  },
  // Asked for when validators are written to files, which they are not.
  { code: 'linear' },
) as unknown as NonNullable<NonNullable<Options['code']>['regExp']>

function sentences(errors: readonly ErrorObject[] | null | undefined): string[] {
  return (errors ?? []).slice(0, MOST_FAULTS).map(({ instancePath, message }) => {
    const place = `$${instancePath}`.slice(0, 300)
    return `${place}: ${message ?? 'is invalid'}`
  })
}
