/**
 * A first start with entities of the operator: an export, or a customization of the initial ones.
 *
 * Guarantees: everything is valid, or nothing is written and the start fails. What an export lacks so that the admin API can
 * be called (default organization and team, group, route and key of the admin API) is added to it.
 */
import { addWayIn } from '../admin-api/first-way-in.ts'
import { hashImported } from '../admin-api/import-passwords.ts'
import { importWarnings } from '../admin-api/import-warnings.ts'
import { faultSentences } from '../admin-api/transfer-answers.ts'
import type { Settings } from '../config/index.ts'
import type { Initial, InitialEntity } from '../control/initial-entities.ts'
import { customize } from '../control/transfer/customization.ts'
import { Incoming } from '../control/transfer/incoming.ts'
import { NotAnExport } from '../control/transfer/item-splitter.ts'
import { readExportValue, readJsonExport } from '../control/transfer/read-json.ts'
import { readLinesExport } from '../control/transfer/read-lines.ts'
import { idOf } from '../model/read.ts'
import type { PluginListing } from '../plugin/listing.ts'
import { StartFailure } from './failure.ts'
import { openExport } from './first-export.ts'
import { hashPassword } from './password.ts'

/** What a first start writes, and sentences for the log. */
export interface FirstContent {
  readonly initial: readonly Initial[]
  readonly warnings: readonly string[]
}

/** Faults that are told. */
const mostTold = 20

/**
 * The entities of the export that the settings name, null when they name none. `base`: what is made without one. Rejects
 * with `StartFailure`.
 */
export async function importedContent(
  settings: Settings,
  base: readonly InitialEntity[],
  plugins: () => Promise<readonly PluginListing[]>,
): Promise<FirstContent | null> {
  const { importFrom, importHeaders, initialData } = settings.firstStart
  if (importFrom === null && initialData === null) return null
  const setting = importFrom === null ? 'otoroshi.initialData' : 'otoroshi.importFrom'
  const incoming = new Incoming(settings.storage.root)
  try {
    if (importFrom !== null) {
      const { chunks, lines } = await openExport(importFrom, importHeaders)
      await (lines ? readLinesExport(chunks, incoming) : readJsonExport(chunks, incoming))
    } else readExportValue({ config: found(base, 'GlobalConfig'), ...initialData }, incoming)
  } catch (error) {
    if (!(error instanceof NotAnExport)) throw error
    throw new StartFailure(`${setting} leads to no export: ${error.message}`, error)
  }
  await hashImported(incoming, { hash: hashPassword, stored: () => null })
  const told = await complete(incoming, settings, base, plugins)
  return contentOf(incoming, setting, told)
}

/** The initial entities with `otoroshi.initialCustomization` merged over them. Rejects with `StartFailure`. */
export async function customizedContent(
  settings: Settings,
  base: readonly InitialEntity[],
  customization: Readonly<Record<string, unknown>>,
): Promise<FirstContent> {
  const incoming = new Incoming(settings.storage.root)
  customize(base, customization, incoming)
  await hashImported(incoming, { hash: hashPassword, stored: () => null })
  return contentOf(incoming, 'otoroshi.initialCustomization', [])
}

async function complete(
  incoming: Incoming,
  { adminApi }: Settings,
  base: readonly InitialEntity[],
  plugins: () => Promise<readonly PluginListing[]>,
): Promise<readonly string[]> {
  for (const { definition, entity } of base) {
    const id = idOf(definition, entity)
    const owner = definition.kind === 'Organization' || definition.kind === 'Team'
    const wanted = owner || (definition.kind === 'ServiceGroup' && id === adminApi.groupId)
    if (wanted && id !== null && incoming.find(definition, id) === null)
      incoming.add(definition, entity, `the ${definition.kind} ${id}`)
  }
  if (!adminApi.exposed) return []
  const { routeId, clientId } = adminApi
  return addWayIn(incoming, {
    routeId,
    route: found(base, 'Route', routeId),
    clientId,
    key: found(base, 'Apikey', clientId),
    plugins,
  })
}

function contentOf(incoming: Incoming, setting: string, told: readonly string[]): FirstContent {
  const others = incoming.changes(null)
  if (incoming.invalidCount > 0) {
    const sentences = faultSentences(incoming)
    const more = sentences.length > mostTold ? ['…'] : []
    const list = [...sentences.slice(0, mostTold), ...more].map(sentence => `\n  ${sentence}`)
    throw new StartFailure(`${setting} cannot be taken:${list.join('')}`)
  }
  return {
    initial: [...incoming.entities.values(), ...others],
    warnings: [...told, ...importWarnings(incoming)].map(warning => `${setting}: ${warning}`),
  }
}

function found(base: readonly InitialEntity[], kind: string, id?: string): unknown {
  return base.find(
    ({ definition, entity }) =>
      definition.kind === kind && (id === undefined || idOf(definition, entity) === id),
  )?.entity
}
