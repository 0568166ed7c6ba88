import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { field, flag, port, text } from '../types/fields.ts'

const configSchema = v.looseObject({
  enabled: field(flag, true, 'Listen or not'),
  exclusive: field(flag, false, 'Serve only the routes bound to it'),
  tls: field(flag, true, 'Speak TLS'),
  http1: field(flag, true, 'HTTP/1.1'),
  http2: field(flag, true, 'HTTP/2'),
  h2c: field(flag, false, 'HTTP/2 without TLS'),
  http3: field(flag, false, 'HTTP/3'),
  port: field(port, 7890, 'Port listened on'),
  exposedPort: field(port, 7890, 'Port clients see'),
  host: field(text, '0.0.0.0', 'Address listened on'),
  accessLog: field(flag, false, 'Write an access log'),
  clientAuth: field(v.picklist(['None', 'Want', 'Need', 'Dynamic']), 'None', 'Client certificates'),
})

export const httpListenerSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  config: field(v.nullable(configSchema), null, 'Where and how it listens'),
  metadata,
  tags,
})
export type HttpListener = v.InferOutput<typeof httpListenerSchema>

/** One more port of the gateway. */
export const httpListener = defineEntity<HttpListener>({
  group: 'http-listeners.proxy.otoroshi.io',
  version: 'v1',
  kind: 'HttpListener',
  plural: 'http-listeners',
  singular: 'http-listener',
  idField: 'id',
  storageKey: 'extensions:otoroshi_extensions_httplisteners:httplisteners',
  idPrefix: 'http-listener',
  legacyPath: null,
  access: fullAccess,
  schema: httpListenerSchema,
  served: true,
  extension: 'otoroshi.extensions.HttpListeners',
  template: newId =>
    fill(httpListenerSchema, {
      id: newId,
      name: 'http listener',
      description: 'A new http listener',
      config: {},
    }),
})
