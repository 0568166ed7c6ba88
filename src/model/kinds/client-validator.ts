import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { proxySchema } from '../types/client.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import {
  count,
  emptyJson,
  emptyMap,
  field,
  flag,
  headerMap,
  hostname,
  line,
  required,
} from '../types/fields.ts'

export const clientValidatorSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  url: required(line, 'Server that decides'),
  host: required(hostname, 'Its host name'),
  goodTtl: field(count, 600000, 'How long a yes is kept, milliseconds'),
  badTtl: field(count, 60000, 'How long a no is kept, milliseconds'),
  method: field(v.pipe(v.string(), v.regex(/^[A-Za-z]{1,16}$/, 'Invalid method')), 'POST', 'Method'),
  path: field(line, '/certificates/_validate', 'Path'),
  timeout: field(count, 10000, 'Longest wait, milliseconds'),
  noCache: field(flag, false, 'Ask every time'),
  alwaysValid: field(flag, false, 'Accept every certificate without asking'),
  headers: field(headerMap, emptyMap, 'Headers of the call'),
  proxy: field(proxySchema, emptyJson, 'Outgoing proxy'),
  metadata,
  tags,
})
export type ClientValidator = v.InferOutput<typeof clientValidatorSchema>

/** A server that decides which client certificates are accepted. Upstream serves it by its legacy path only. */
export const clientValidator = defineEntity<ClientValidator>({
  group: 'security.otoroshi.io',
  version: 'v1',
  kind: 'ClientValidator',
  plural: 'client-validators',
  singular: 'client-validator',
  idField: 'id',
  storageKey: 'certificates:validators',
  idPrefix: 'client-validator',
  legacyPath: '/api/client-validators',
  access: fullAccess,
  schema: clientValidatorSchema,
  served: false,
  template: newId =>
    fill(clientValidatorSchema, {
      id: newId,
      name: 'New client validator',
      description: 'New client validator',
      url: 'https://validator.oto.tools',
      host: 'validator.oto.tools',
    }),
})
