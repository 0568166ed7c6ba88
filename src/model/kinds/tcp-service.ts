import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { id, location, metadata, name, tags } from '../types/common.ts'
import { field, flag, hostname, optionalText, port, required, text } from '../types/fields.ts'

const targetSchema = v.looseObject({
  host: required(hostname, 'Host name or address'),
  ip: optionalText('Connect to this address and keep the host name'),
  port: required(port, 'TCP port'),
  tls: field(flag, false, 'Speak TLS to it'),
})

const ruleSchema = v.looseObject({
  domain: required(text, 'Pattern of the server name the client asks for; * for any'),
  targets: field(v.array(targetSchema), () => [], 'Servers'),
})

const sniSchema = v.looseObject({
  enabled: field(flag, false, 'Choose the rule by the server name the client asks for'),
  forwardIfNoMatch: field(flag, false, 'Forward what no rule matches'),
  forwardsTo: field(targetSchema, () => ({ host: '127.0.0.1', port: 8080 }), 'Where to'),
})

export const tcpServiceSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description: required(text, 'Free text for humans'),
  enabled: field(flag, false, 'Listen or not'),
  tls: field(
    v.picklist(['Disabled', 'PassThrough', 'Enabled']),
    'Disabled',
    'No TLS, TLS forwarded as it is, or TLS that ends here',
  ),
  sni: field(sniSchema, () => ({}), 'Routing by server name'),
  clientAuth: field(v.picklist(['None', 'Want', 'Need', 'Dynamic']), 'None', 'Client certificates'),
  port: required(port, 'Port listened on'),
  interface: field(hostname, '0.0.0.0', 'Address listened on'),
  rules: field(v.array(ruleSchema), () => [], 'Where connections go'),
  metadata,
  tags,
})
export type TcpService = v.InferOutput<typeof tcpServiceSchema>

/** A port whose connections are forwarded as they are. */
export const tcpService = defineEntity<TcpService>({
  group: 'proxy.otoroshi.io',
  version: 'v1',
  kind: 'TcpService',
  plural: 'tcp-services',
  singular: 'tcp-service',
  idField: 'id',
  storageKey: 'tcp:services',
  idPrefix: 'tcp_service',
  legacyPath: '/api/tcp/services',
  access: fullAccess,
  schema: tcpServiceSchema,
  served: false,
  template: newId =>
    fill(tcpServiceSchema, {
      id: newId,
      name: 'TCP Proxy',
      description: 'A TCP Proxy',
      enabled: true,
      port: 4200,
      rules: [{ domain: '*', targets: [{ host: '42.42.42.42', port: 4200 }] }],
    }),
})
