/** The kinds as upstream has them, for the tests of kinds; skipped where the reference is not at hand. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ReferenceKind {
  readonly kind: string
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly id_field: string
  readonly legacy_admin_path: string | null
  readonly storage_key_prefix: string
  readonly id_prefix: string
  readonly deprecated: boolean
  readonly access: Readonly<Record<string, boolean>>
  readonly template: Readonly<Record<string, unknown>> | null
  readonly fields: readonly {
    readonly name: string
    readonly required?: boolean
    readonly default: unknown
  }[]
  readonly variants?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const file = join(import.meta.dirname, '../../../../shared/reference/entities.json')

/** Upstream's kinds by name, or null. */
export const referenceKinds: ReadonlyMap<string, ReferenceKind> | null = existsSync(file)
  ? new Map((JSON.parse(readFileSync(file, 'utf8')).entities as ReferenceKind[]).map(k => [k.kind, k]))
  : null
