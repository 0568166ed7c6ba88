/** The certificate of a client stands for an API key, which is made when the certificate is first seen. */
import { randomBytes, X509Certificate } from 'node:crypto'
import { distinguishedName } from '../../expression/rules/client-certificate.ts'
import { type ApikeyView, readApikey } from '../../identity/apikey.ts'
import {
  apikeyAttribute,
  definePlugin,
  type Exchange,
  hypotheticalAttribute,
  type PluginServices,
  type Refusal,
  refuse,
  schema as v,
} from '../../plugin/index.ts'
import { compileRestrictions } from '../restrictions.ts'
import { flag, noEntries, noTexts, setting, textMap, texts } from '../settings.ts'
import { restricted } from './admission.ts'
import type { KeyOfRoute } from './route-keys.ts'

/** Milliseconds before the store is asked again that could not keep a key. */
const PAUSE = 10_000

const quota = (fallback: number, description: string) =>
  setting(v.pipe(v.number(), v.integer(), v.minValue(0)), fallback, description)

const settings = v.looseObject({
  read_only: setting(flag, false, 'The key makes GET, HEAD and OPTIONS requests only'),
  allow_client_id_only: setting(flag, false, 'The id alone stands for the key, too'),
  throttling_quota: quota(100, 'Calls per throttling window'),
  daily_quota: quota(10_000_000, 'Calls per day'),
  monthly_quota: quota(10_000_000, 'Calls per month'),
  constrained_services_only: setting(flag, false, 'Only for services that put constraints on keys'),
  tags: setting(texts, noTexts, 'Tags of the key'),
  metadata: setting(textMap, noEntries, 'Metadata of the key'),
})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgCertificateAsApikey',
  name: 'Client certificate as apikey',
  description:
    'Makes an API key for each client certificate that an authority of the listener has signed: granted on this route, with these settings, valid as long as the certificate. Without a certificate nothing happens: another plugin must ask for a key.',
  family: 'apikeys',
  categories: ['AccessControl'],
  steps: ['PreRoute'],
  config: settings,
  setup(config, services) {
    const { apikeys, log } = services
    const attach = attaching(services)
    let retryAt = 0
    /** While the store is away the certificate opens what it opens with a key that nobody keeps. */
    const unkept = (exchange: Exchange, key: object): Refusal | undefined => {
      const view = readApikey(JSON.stringify(key))
      if (view === null) return refuse('apikey.unknown', { detail: 'the certificate makes no valid key' })
      return attach(exchange, view)
    }
    return {
      preRoute(exchange) {
        const { tls } = exchange.request.connection
        const der = tls?.clientVerified === true ? tls.clientChain()[0] : undefined
        const certificate = der === undefined ? null : read(der)
        if (certificate === null) return undefined
        const known = apikeys.find(certificate.clientId)
        if (known !== null) return attach(exchange, known)
        const key = keyFor(certificate, config, services)
        const thought = exchange.attributes.get(hypotheticalAttribute) === true
        if (apikeys.create === undefined || thought || exchange.startedAt < retryAt)
          return unkept(exchange, key)
        return apikeys.create(key).then(
          made => attach(exchange, made),
          (error: unknown) => {
            retryAt = Date.now() + PAUSE
            log('warn', `the key of a certificate is not stored: ${String(error)}`)
            return unkept(exchange, key)
          },
        )
      },
    }
  },
})

/**
 * Leaves a key for others when it is good: whoever disables it shuts the certificate out. Grants are not asked for, the route
 * itself says that certificates are keys.
 */
function attaching({ route, log }: PluginServices) {
  const known = new WeakMap<ApikeyView, KeyOfRoute>()
  const workOut = (key: ApikeyView): KeyOfRoute => {
    const fault = (message: string): void =>
      log('warn', `restrictions of the API key ${key.clientId}: ${message}`)
    return { key, fits: true, restricts: compileRestrictions(key.restrictions, route, key, fault) }
  }
  return ({ attributes, request, startedAt }: Exchange, key: ApikeyView): Refusal | undefined => {
    if (!key.usableAt(startedAt))
      return refuse('apikey.bad', { detail: 'the key of the certificate is disabled or expired' })
    const here = known.get(key) ?? workOut(key)
    known.set(key, here)
    const restriction = restricted(here, request)
    if (restriction !== null) return restriction
    attributes.set(apikeyAttribute, key)
    return undefined
  }
}

interface ReadCertificate {
  readonly clientId: string
  readonly name: string
  /** Epoch milliseconds. */
  readonly end: number
}

function read(der: Buffer): ReadCertificate | null {
  try {
    const { subject, serialNumber, validToDate } = new X509Certificate(der)
    const name = distinguishedName(subject)
    const serial = BigInt(`0x${serialNumber}`).toString()
    return {
      clientId: Buffer.from(`${name}-${serial}`).toString('base64'),
      name: `${name} (${serial})`,
      end: validToDate.getTime(),
    }
  } catch {
    return null
  }
}

function keyFor(
  { clientId, name, end }: ReadCertificate,
  config: v.InferOutput<typeof settings>,
  { route }: PluginServices,
): Readonly<Record<string, unknown>> {
  return {
    _loc: route.json['_loc'],
    clientId,
    clientSecret: randomBytes(96).toString('base64url'),
    clientName: name,
    description: 'Made for a client certificate',
    authorizations: [{ kind: 'route', id: route.id }],
    validUntil: end,
    readOnly: config.read_only,
    allowClientIdOnly: config.allow_client_id_only,
    throttlingQuota: config.throttling_quota,
    dailyQuota: config.daily_quota,
    monthlyQuota: config.monthly_quota,
    constrainedServicesOnly: config.constrained_services_only,
    tags: config.tags,
    metadata: config.metadata,
  }
}
