/** Parameters of operations, each described once. */
import type { Shape } from './endpoint.ts'
import { flag, text, whole } from './shapes.ts'

export interface Parameter {
  readonly name: string
  readonly in: 'query' | 'header'
  readonly description: string
  readonly schema: Shape
}

const query = (name: string, schema: Shape, description: string): Parameter => ({
  name,
  in: 'query',
  description,
  schema,
})
const header = (name: string, description: string): Parameter => ({
  name,
  in: 'header',
  description,
  schema: text,
})

/** Name under the document's components → parameter. */
export const parameters = {
  filtered: query(
    'filtered',
    text,
    'Search of texts, any case: `field:search`, several with commas, alternatives with `|`',
  ),
  sorted: query(
    'sorted',
    text,
    'Fields to sort by: `field:true` upwards, `field:false` downwards, with commas',
  ),
  page: query('page', { ...whole, minimum: 1 }, 'Page, from 1 on'),
  pageSize: query('pageSize', { ...whole, minimum: 1 }, 'Entities of a page; all unless given'),
  fields: query('fields', text, 'Paths to keep, with commas: the answer then holds nothing else'),
  pretty: query('pretty', flag, 'Whether the JSON is indented'),
  envelope: query('envelope', flag, 'Puts the JSON into `{"data": …}`'),
  dryRun: query(
    'dry_run',
    flag,
    'Writes nothing and answers 200 with what would happen: the schema `DryRun`',
  ),
  unused: query('unused', flag, 'Refuses to delete what others refer to'),
  ifMatch: header('If-Match', 'Entity tags, one of which must be that of what is there'),
  ifNoneMatch: header('If-None-Match', 'Entity tags the client has, or `*`: only when nothing is there'),
  tenant: header('Otoroshi-Tenant', 'Organization the call is about; `default` unless given'),
  newSecret: query('newSecret', text, 'Secret that is not in force: its bearer is answered as well'),
  rawPassword: query('rawPassword', text, 'Password whose hash the template holds; no password unless given'),
  templateType: query('type', text, 'Type of an auth module or data exporter'),
  withSchemas: query('schema', flag, '`false` leaves the JSON Schemas out'),
  before: query('before', whole, 'Number of a version: only those before it'),
  versionsOfPage: query(
    'pageSize',
    { ...whole, minimum: 1 },
    'Versions of a page: 50 unless given, at most 500',
  ),
  diffTo: query('to', text, 'Number of the other version, or `current`'),
  changeKind: query('kind', text, 'Kind of what was changed'),
  changeId: query('id', text, 'Id of what was changed'),
  changeAction: query('action', { enum: ['create', 'update', 'delete', 'import'] }, 'What was done'),
  changeClient: query('client_id', text, 'API key it was done with'),
  changeUser: query('user', text, 'User it was done for: name or address'),
  changeActor: query('actor', text, 'API key or user'),
  since: query('since', text, 'Date or epoch milliseconds'),
  until: query('until', text, 'Date or epoch milliseconds'),
  force: query('force', flag, 'Takes back even what has changed since'),
  flowRoute: query('route', text, 'Id of a route: its reports only'),
  metricsFormat: query(
    'format',
    { enum: ['json', 'old_json', 'old', 'prometheus', 'prom'] },
    'Form of the figures; else `Accept` decides',
  ),
  metricsFilter: query('filter', text, 'Names of figures, `*` for anything'),
  keypair: query('keypair', flag, 'Of certificates: those with a private key only'),
  authTypes: query('types', text, 'Of auth modules: the type; may be given several times'),
  documentGroup: query(
    'extension_group',
    text,
    'Group of kinds, such as `proxy.otoroshi.io`: only the operations on its kinds under `/apis`',
  ),
  documentVersion: query('version', text, 'Version of kinds, such as `v1`: others are left out'),
} as const satisfies Readonly<Record<string, Parameter>>

export type ParameterName = keyof typeof parameters
