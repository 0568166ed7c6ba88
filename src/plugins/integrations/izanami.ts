/** What the plugins of Izanami have in common. */
import {
  apikeyAttribute,
  type CallTls,
  type Exchange,
  schema as v,
  userAttribute,
} from '../../plugin/index.ts'
import { flag, noTexts, setting, texts } from '../settings.ts'

/** TLS settings as upstream writes them. */
export const tlsSettings = setting(
  v.looseObject({
    certs: setting(texts, noTexts, 'Certificates to show'),
    trusted_certs: setting(texts, noTexts, 'Certificates to trust'),
    enabled: setting(flag, false, 'These settings count'),
    loose: setting(flag, false, 'Do not check host names'),
    trust_all: setting(flag, false, 'Trust every certificate'),
  }),
  () => ({ certs: [], trusted_certs: [], enabled: false, loose: false, trust_all: false }),
  'TLS towards the server',
)

export const timeoutSetting = v.pipe(v.number(), v.integer(), v.minValue(1))

/** The base of the server, without a slash behind. Throws with the name of the setting. */
export function serverUrl(given: string, name: string): string {
  const url = URL.parse(given.trim())
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new Error(`${name}: expected an http or https URL`)
  if (url.username !== '' || url.password !== '') throw new Error(`${name}: it holds a name or a password`)
  return (url.origin + url.pathname).replace(/\/+$/, '')
}

export type Tls = CallTls

/** Credentials as version 1 wants them. */
export function credentials(id: string, secret: string): [string, string][] {
  return [
    ['Izanami-Client-Id', id],
    ['Izanami-Client-Secret', secret],
    ['Authorization', `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`],
  ]
}

/** Who calls, without secrets. */
export function callerContext({ attributes }: Exchange): Record<string, unknown> {
  const key = attributes.get(apikeyAttribute)
  return {
    user: attributes.get(userAttribute)?.light() ?? null,
    apikey:
      key === undefined
        ? null
        : { clientId: key.clientId, clientName: key.clientName, metadata: key.metadata, tags: key.tags },
  }
}
