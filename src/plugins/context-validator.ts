/**
 * Validators of `request-document.ts`: a JSONPath, and what is expected there. Both may hold expressions.
 *
 * Guarantees: what a client sends never becomes a part of a path, nor of a pattern or another test of the expected value; an
 * expected value that a client decides is compared as it is.
 */
import { compileValidator, isConstant } from '../expression/index.ts'
import type { Exchange, PluginServices } from '../plugin/index.ts'
import { expressionsOf, isClientChosen } from '../expression/client-chosen.ts'
import { compileLookup } from './json-paths.ts'
import { anyRepeated, inputsOfPath, repeatsCookie } from './repeated-inputs.ts'

export interface ContextValidatorSettings {
  readonly path: string
  readonly value?: unknown
  readonly error?: unknown
}

/** Null: it holds. Else what to say in reports. */
export type ContextCheck = (exchange: Exchange, document: unknown) => string | null

/** Texts of validators that expressions have made and that stay compiled. */
const MOST_COMPILED = 50

/** Parts of upstream's document that are not in this one: a validator of nothing would prove nothing. */
const ABSENT = /^\$?\.?(?:\[['"])?(global_config|attrs)\b/

/** Compiles a validator. Throws a sentence that says what is wrong with it. */
export function contextCheck(settings: ContextValidatorSettings, services: PluginServices): ContextCheck {
  const check = singleCheck(settings, services)
  const inputs = inputsOfPath(settings.path)
  const cookies = /\bcookies\b/.test(settings.path)
  if (inputs.length === 0 && !cookies) return check
  // The document shows one value of what is there twice, and the backend may take the other.
  return (exchange, document) => {
    const { request } = exchange
    const twice = cookies ? repeatsCookie(request) : anyRepeated(inputs, request)
    return twice ? `what ${settings.path} looks at is there more than once` : check(exchange, document)
  }
}

function singleCheck(settings: ContextValidatorSettings, services: PluginServices): ContextCheck {
  const { path, value } = settings
  const absent = ABSENT.exec(path.trim())
  if (absent !== null) throw new Error(`${path}: ${absent[1]} cannot be looked at`)
  if (value === undefined || value === null) throw new Error(`${path}: a value is needed`)
  if (clientChosen(path)) throw new Error(`${path}: a client would choose what is looked at`)
  const fixed = isConstant(path) && (typeof value !== 'string' || isConstant(value))
  if (fixed) {
    const validator = compileValidator(settings)
    return (_exchange, document) => (validator.holds(document) ? null : validator.error)
  }
  if (typeof value === 'string' && clientChosen(value)) return plainCheck(path, value, services)
  return evaluatedCheck(settings, services)
}

/** Compares with what the client sent, as a text. */
function plainCheck(path: string, value: string, services: PluginServices): ContextCheck {
  if (/^\s*\w+\(.*\)\s*$/s.test(value))
    throw new Error(`${value}: what a client sends cannot be a part of a test such as Regex(…)`)
  const where = services.template(path)
  const wanted = services.template(value)
  const lookups = new Kept(compileLookup)
  return (exchange, document) => {
    const at = where(exchange)
    const found = lookups.get(at)(document)
    // What is not there equals nothing that a client can write.
    const plain = typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    return plain && String(found) === wanted(exchange) ? null : `entity validation failed at ${at}`
  }
}

/** Expressions that administrators decide: what they make is compiled when it is first seen. */
function evaluatedCheck(settings: ContextValidatorSettings, services: PluginServices): ContextCheck {
  const { path, value } = settings
  const where = services.template(path)
  const wanted = typeof value === 'string' ? services.template(value) : () => value
  const validators = new Kept((text: string) => compileValidator(JSON.parse(text)))
  return (exchange, document) => {
    const made = { ...settings, path: where(exchange), value: wanted(exchange) }
    const validator = validators.get(JSON.stringify(made))
    return validator.holds(document) ? null : validator.error
  }
}

/** Administrators write keys and their metadata. */
const OF_KEY = /^apikey\.[^|]*$/

function clientChosen(text: string): boolean {
  return expressionsOf(text).some(expression => !OF_KEY.test(expression) && isClientChosen(expression))
}

/** What is made of texts, bounded: the one made first goes first. */
class Kept<T> {
  readonly #make: (text: string) => T
  readonly #made = new Map<string, T>()

  constructor(make: (text: string) => T) {
    this.#make = make
  }

  get(text: string): T {
    const known = this.#made.get(text)
    if (known !== undefined) return known
    const made = this.#make(text)
    if (this.#made.size >= MOST_COMPILED) this.#made.delete(this.#made.keys().next().value!)
    this.#made.set(text, made)
    return made
  }
}
