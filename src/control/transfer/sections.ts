/**
 * Where each kind stands in a JSON export: under upstream's name; kinds upstream leaves out, under their plural in camel
 * case; kinds of extensions, under `extensions.<extension>.<plural>`.
 */
import type { EntityDefinition } from '../../model/entity.ts'
import { storedDefinitions } from '../../model/registry.ts'

export interface Section {
  readonly name: string
  readonly definition: EntityDefinition
}

export interface ExtensionSection extends Section {
  readonly extension: string
}

/** Names that do not follow from the plural. */
const otherNames: Readonly<Record<string, string>> = {
  GlobalConfig: 'config',
  WebauthnAdminUser: 'admins',
  SimpleAdminUser: 'simpleAdmins',
  Apikey: 'apiKeys',
  AuthModule: 'authConfigs',
  Organization: 'tenants',
}

/** Facts about the export itself: not imported. */
export const notes: ReadonlySet<string> = new Set(['label', 'dateRaw', 'date'])

/** Sections at the top of an export. */
export const sections: readonly Section[] = storedDefinitions
  .filter(definition => definition.extension === undefined)
  .map(definition => ({ name: otherNames[definition.kind] ?? camelCase(definition.plural), definition }))

/** Sections below `extensions`. */
export const extensionSections: readonly ExtensionSection[] = storedDefinitions.flatMap(definition =>
  definition.extension === undefined
    ? []
    : [{ name: definition.plural, extension: definition.extension, definition }],
)

const byName = new Map(sections.map(({ name, definition }) => [name, definition]))

/** The kind of a top section, or null. */
export function sectionNamed(name: string): EntityDefinition | null {
  return byName.get(name) ?? null
}

/** The kind of a section of an extension, or null when nobody here knows it. */
export function extensionSectionNamed(extension: string, name: string): EntityDefinition | null {
  return (
    extensionSections.find(section => section.extension === extension && section.name === name)?.definition ??
    null
  )
}

function camelCase(plural: string): string {
  return plural.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
