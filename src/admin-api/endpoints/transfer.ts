/** Everything out, everything in (reference, 5.1 and 6). */
import { exportEverything, importEverything } from '../transfer-api.ts'
import type { Endpoint, RequestBody } from './endpoint.ts'
import { anything, json, listOf, named, ndjson, object, text, whole } from './shapes.ts'

const tag = 'import-export'
const controller = 'otoroshi.controllers.adminapi.ImportExportController'

const lists = [
  'admins',
  'simpleAdmins',
  'serviceGroups',
  'apiKeys',
  'serviceDescriptors',
  'errorTemplates',
  'jwtVerifiers',
  'authConfigs',
  'certificates',
  'clientValidators',
  'scripts',
  'tcpServices',
  'dataExporters',
  'tenants',
  'teams',
  'routes',
  'routeCompositions',
  'backends',
]
const listsOfEntities = Object.fromEntries(lists.map(name => [name, listOf({ type: 'object' })]))

const everything = object({ config: { type: 'object' } }, { label: text, dateRaw: whole, ...listsOfEntities })
const key = object({ k: text, v: anything, t: whole, w: text })

const body: RequestBody = {
  description: 'What an export has answered',
  content: { ...json(everything), ...ndjson(key) },
}
const importing = {
  description: 'One commit and one revision, or nothing. What is not in the body goes away.',
  tag,
  parameters: ['dryRun'],
  body,
  answers: { 200: { description: 'What has changed', content: json(named('Import')) } },
  refusals: [409, 413],
  answer: importEverything,
} as const

export const transferEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/api/otoroshi.json',
    id: `${controller}.fullExport`,
    tag,
    summary: 'Everything there is, secrets as well',
    answers: {
      200: {
        description: 'The export; as NDJSON every key of the store',
        content: {
          ...json(object({ label: text, dateRaw: whole, config: { type: 'object' }, ...listsOfEntities })),
          ...ndjson(key),
        },
      },
    },
    answer: exportEverything,
  },
  {
    ...importing,
    method: 'POST',
    path: '/api/otoroshi.json',
    id: `${controller}.fullImport`,
    summary: 'Exchanges everything for what the body holds',
  },
  {
    ...importing,
    method: 'POST',
    path: '/api/import',
    id: `${controller}.fullImportFromFile`,
    summary: 'The same of a file, whose type `X-Content-Type` may tell',
  },
]
