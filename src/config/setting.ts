/** The declaration of a setting, and the object that a table of declarations describes. */
import type { ValueType } from './value-types.ts'

export interface Declaration<T> {
  /** Canonical key. `app.x` is written `otoroshi.x`: they are one tree. */
  readonly key: string
  /** Other keys, read in this order: a later one wins over an earlier one and over the canonical key. */
  readonly aliases?: readonly string[]
  /** Environment variables: a later one wins. */
  readonly env?: readonly string[]
  /** Flag of the command line, without dashes. */
  readonly flag?: string
  readonly type: ValueType<T>
  readonly default: T
  /** Key of the setting whose value is taken when nothing is given. */
  readonly defaultFrom?: string
  /** How the default is written in the documentation, when it depends on the machine. */
  readonly defaultText?: string
  /** What it does, in a few words. */
  readonly about: string
  readonly unit?: 'ms' | 'bytes' | 's'
  /** Never printed. */
  readonly secret?: boolean
  /** The default is public knowledge: whoever keeps it is warned. */
  readonly publicDefault?: boolean
  /** False: accepted, with a warning that it does nothing yet. */
  readonly effective?: boolean
  /** May hold `${vault://…}`: texts of entities, resolved elsewhere. */
  readonly mayNameVaults?: boolean
}

export class Setting<T = unknown> {
  readonly declaration: Declaration<T>

  constructor(declaration: Declaration<T>) {
    this.declaration = declaration
  }
}

export function setting<T>(declaration: Declaration<T>): Setting<T> {
  return new Setting(declaration)
}

/** The plain object of values that a table describes. */
export type Values<T> = T extends Setting<infer V> ? V : { readonly [K in keyof T]: Values<T[K]> }

/** Every setting of a table with its place in the object. */
export function settingsOf(table: object, at: readonly string[] = []): { at: string[]; setting: Setting }[] {
  return Object.entries(table).flatMap(([name, entry]) =>
    entry instanceof Setting
      ? [{ at: [...at, name], setting: entry as Setting }]
      : settingsOf(entry as object, [...at, name]),
  )
}

/** `app.x` → `otoroshi.x`. */
export function canonical(key: string): string {
  return key.startsWith('app.') ? `otoroshi.${key.slice('app.'.length)}` : key
}
