/** Turns what was given into values of the declared types, and says what is wrong with the rest. */
import type { Given } from './given.ts'
import { settingOf } from './known.ts'
import type { Raw } from './raw.ts'
import type { Setting } from './setting.ts'
import type { ValueType } from './value-types.ts'

const SHOWN = 60

export class Judge {
  readonly warnings: string[] = []
  readonly #given: ReadonlyMap<string, Given>
  readonly #readFile: (path: string) => string
  readonly #faults: string[]
  readonly #values = new Map<Setting, unknown>()

  /** `faults` receives what is wrong. */
  constructor(given: ReadonlyMap<string, Given>, readFile: (path: string) => string, faults: string[]) {
    this.#given = given
    this.#readFile = readFile
    this.#faults = faults
  }

  isGiven(setting: Setting): boolean {
    return this.#given.has(setting.declaration.key)
  }

  /** True when the value is the declared default, given or not. */
  isDefault(setting: Setting): boolean {
    return this.valueOf(setting) === setting.declaration.default
  }

  /** The value in force. The default stands in for a faulty one, whose fault is noted. */
  valueOf(setting: Setting): unknown {
    if (!this.#values.has(setting)) this.#values.set(setting, this.#decide(setting))
    return this.#values.get(setting)
  }

  #decide({ declaration }: Setting): unknown {
    const given = this.#given.get(declaration.key)
    if (given === undefined) {
      const other = declaration.defaultFrom === undefined ? undefined : settingOf(declaration.defaultFrom)
      return other === undefined ? declaration.default : this.valueOf(other)
    }
    if (declaration.effective === false)
      this.warnings.push(`setting ${nameOf(given)} has no effect in this version`)
    return (
      this.read(given, declaration.type, declaration.secret === true, declaration.mayNameVaults === true) ??
      (declaration.type.read(null) === null ? null : declaration.default)
    )
  }

  /** Undefined after noting a fault. */
  read<T>(given: Given, type: ValueType<T>, secret: boolean, mayNameVaults = false): T | undefined {
    const raw = type.fromFile ? this.#fileContent(given) : given.raw
    if (raw === undefined) return undefined
    if (!mayNameVaults && namesVault(raw)) {
      this.#faults.push(
        `${given.name}: references to vaults (\${vault://…}) are not resolved in this version`,
      )
      return undefined
    }
    const value = type.read(raw)
    if (value === undefined) {
      const usual = `expected ${type.expected}${secret ? '' : `, got ${shown(raw)}`}`
      this.#faults.push(`${given.name}: ${type.refuse?.(raw) ?? usual}`)
    }
    return value
  }

  /** `file:///path` stands for what the file holds. Undefined after noting a fault. */
  #fileContent({ raw, name }: Given): Raw | undefined {
    if (typeof raw !== 'string' || !raw.startsWith('file:///')) return raw
    const path = raw.slice('file://'.length)
    try {
      return this.#readFile(path).trim()
    } catch (error) {
      this.#faults.push(`${name}: the file ${path} cannot be read${codeOf(error)}`)
      return undefined
    }
  }
}

/** A file is not part of the name in a warning about the setting itself. */
function nameOf({ name }: Given): string {
  return name.slice(name.lastIndexOf(': ') + 1).trim()
}

function namesVault(raw: Raw): boolean {
  if (typeof raw === 'string') return raw.includes('${vault:')
  return Array.isArray(raw) && (raw as readonly Raw[]).some(namesVault)
}

function shown(raw: Raw): string {
  if (typeof raw !== 'string')
    return Array.isArray(raw) ? 'a list' : raw !== null && typeof raw === 'object' ? 'an object' : String(raw)
  const visible = raw.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `'${visible.length > SHOWN ? `${visible.slice(0, SHOWN)}…` : visible}'`
}

/** ` (ENOENT)`, or an empty text. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? ` (${code})` : ''
}
