/** Parts of service descriptors that no newer kind shares. */
import { schema as v } from '../../schema/index.ts'
import { algoSettingsSchema } from './algo-settings.ts'
import { proxySchema } from './client.ts'
import {
  absent,
  count,
  emptyJson,
  emptyMap,
  emptyTexts,
  field,
  flag,
  hostname,
  json,
  line,
  number,
  optionalText,
  required,
  text,
  textMap,
  texts,
} from './fields.ts'
import { jwtLocationSchema, jwtStrategySchema } from './jwt-verification.ts'
import { isObject, mapField } from './shape.ts'
import { predicateSchema, protocolOf, protocols } from './target.ts'
import { mtlsConfigSchema } from './tls.ts'

const scheme = v.pipe(text, v.regex(/^[a-z][a-z0-9+.-]*$/i, 'Expected a scheme such as https'))

/** A server of a service descriptor. */
export const serviceTargetSchema = v.looseObject({
  host: required(hostname, 'Host name with its port'),
  scheme: field(scheme, 'http', 'http or https; older ones name the client of the calls, too, as in ahttps'),
  weight: field(count, 1, 'Share in load balancing'),
  mtlsConfig: field(mtlsConfigSchema, () => ({}), 'Client certificates and trust'),
  tags: field(texts, emptyTexts, 'Labels'),
  metadata: field(textMap, emptyMap, 'Free keys and values'),
  protocol: field(v.picklist(protocols), 'HTTP/1.1', 'Protocol spoken to the target'),
  predicate: field(predicateSchema, () => ({}), 'When the target may be chosen'),
  backup: field(flag, false, 'Used only when the others are down'),
  ipAddress: optionalText('Connect to this address and keep the host name'),
})

/** Accepts unknown protocols, read as HTTP/1.1. */
export function normalizeServiceTarget(input: unknown): unknown {
  return isObject(input) ? mapField(input, 'protocol', protocolOf) : input
}

/** How servers are called; durations in milliseconds. */
export const serviceClientSchema = v.looseObject({
  useCircuitBreaker: field(flag, true, 'With a circuit breaker'),
  retries: field(count, 1, 'Attempts in all: 1 means no retry'),
  maxErrors: field(count, 20, 'Consecutive failures that open the circuit breaker'),
  retryInitialDelay: field(count, 50, 'Wait before the second attempt'),
  backoffFactor: field(number, 2, 'Growth of that wait per attempt'),
  callTimeout: field(count, 30000, 'To the response head, one attempt'),
  callAndStreamTimeout: field(count, 120000, 'For the whole call, body included'),
  connectionTimeout: field(count, 10000, 'To connect'),
  idleTimeout: field(count, 60000, 'Without any byte'),
  globalTimeout: field(count, 30000, 'To the response head, all attempts'),
  sampleInterval: field(count, 2000, 'Rest of an open circuit breaker'),
  proxy: field(proxySchema, emptyJson, 'Outgoing proxy'),
  customTimeouts: field(v.array(json), () => [], 'Timeouts by path, first match'),
  cacheConnectionSettings: field(
    v.looseObject({
      enabled: field(flag, false, 'On or off'),
      queueSize: field(count, 2048, 'Waiting calls'),
    }),
    () => ({}),
    'Connection pool queue',
  ),
})

export const canarySchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  traffic: field(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.2, 'Share of the calls, 0 to 1'),
  targets: field(v.array(serviceTargetSchema), () => [], 'Servers of the new version'),
  root: field(text, '/', 'Path put before the forwarded one'),
})

const compressed = () => ['text/*', 'application/javascript', 'application/json']
export const gzipSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  excludedPatterns: field(texts, emptyTexts, 'Paths left alone'),
  whiteList: field(texts, compressed, 'Media types that are compressed'),
  blackList: field(texts, emptyTexts, 'Media types that are not'),
  bufferSize: field(count, 8192, 'Buffer, bytes'),
  chunkedThreshold: field(count, 102400, 'Size from which the answer is sent in chunks, bytes'),
  compressionLevel: field(v.pipe(count, v.maxValue(9)), 5, '0 to 9'),
})

export const corsSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  allowOrigin: field(line, '*', 'Origin that is accepted'),
  exposeHeaders: field(v.array(line), emptyTexts, 'Headers that scripts see'),
  allowHeaders: field(v.array(line), emptyTexts, 'Headers that are accepted'),
  allowMethods: field(v.array(line), emptyTexts, 'Methods that are accepted'),
  excludedPatterns: field(texts, emptyTexts, 'Paths left alone'),
  maxAge: field(v.nullable(number), null, 'How long the answer holds'),
  allowCredentials: field(flag, true, 'With cookies'),
})

export const redirectionSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  code: field(v.picklist([301, 302, 303, 307, 308]), 303, 'Status'),
  to: field(line, 'https://www.otoroshi.io', 'Where to'),
})

/** A verifier of the service: stored ones by their ids, or one of its own. */
export const serviceVerifierSchema = v.variant('type', [
  v.looseObject({
    type: required(v.literal('ref'), 'Stored verifiers'),
    ids: field(texts, emptyTexts, 'Their ids'),
    id: optionalText('Old form: one id'),
    enabled: field(flag, false, 'On or off'),
    excludedPatterns: field(texts, emptyTexts, 'Paths left alone'),
  }),
  v.looseObject({
    type: required(v.literal('local'), 'A verifier of its own'),
    enabled: field(flag, false, 'On or off'),
    source: required(jwtLocationSchema, 'Where the token is'),
    algoSettings: required(algoSettingsSchema, 'How the token is verified'),
    strategy: required(jwtStrategySchema, 'What happens with the token'),
    strict: field(flag, true, 'Refuse calls without token'),
    excludedPatterns: field(texts, emptyTexts, 'Paths left alone'),
  }),
])

const place = {
  enabled: field(flag, true, 'Accepted or not'),
}
const places = {
  headerName: optionalText('Header, in place of the usual one'),
  queryName: optionalText('Query parameter, in place of the usual one'),
  cookieName: optionalText('Cookie, in place of the usual one'),
  pathName: optionalText('Path parameter, in place of the usual one'),
}

/** Where API keys are looked for, and what tags and metadata they need. */
export const keyConstraintsSchema = v.looseObject({
  basicAuth: field(v.looseObject({ ...place, ...places }), () => ({}), 'Basic credentials'),
  customHeadersAuth: field(
    v.looseObject({
      ...place,
      clientIdHeaderName: optionalText('Header of the id'),
      clientSecretHeaderName: optionalText('Header of the secret'),
    }),
    () => ({}),
    'Id and secret in two headers',
  ),
  otoBearerAuth: field(v.looseObject({ ...place, ...places }), () => ({}), 'Bearer made of the key'),
  clientIdAuth: field(v.looseObject({ ...place, ...places }), () => ({}), 'The id alone'),
  jwtAuth: field(
    v.looseObject({
      ...place,
      secretSigned: field(flag, true, 'Signed with the secret of the key'),
      keyPairSigned: field(flag, true, 'Signed with a key pair'),
      includeRequestAttributes: field(flag, false, 'The token must name the request'),
      maxJwtLifespanSecs: field(v.nullable(count), null, 'Longest life of a token, seconds'),
      ...places,
    }),
    () => ({}),
    'A token signed by the caller',
  ),
  routing: field(
    v.looseObject({
      noneTagIn: field(texts, emptyTexts, 'Tags that exclude a key'),
      oneTagIn: field(texts, emptyTexts, 'Tags of which it needs one'),
      allTagsIn: field(texts, emptyTexts, 'Tags it needs'),
      noneMetaIn: field(textMap, emptyMap, 'Metadata that exclude a key'),
      oneMetaIn: field(textMap, emptyMap, 'Metadata of which it needs one'),
      allMetaIn: field(textMap, emptyMap, 'Metadata it needs'),
      noneMetaKeysIn: field(texts, emptyTexts, 'Names of metadata that exclude a key'),
      oneMetaKeyIn: field(texts, emptyTexts, 'Names of metadata of which it needs one'),
      allMetaKeysIn: field(texts, emptyTexts, 'Names of metadata it needs'),
    }),
    () => ({}),
    'Which keys lead here',
  ),
})

/** Old plugins by their ids. */
export const oldPluginsSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  refs: field(texts, emptyTexts, 'Plugin ids'),
  config: field(json, emptyJson, 'Settings'),
  excludedPatterns: field(texts, emptyTexts, 'Paths left alone'),
})

export const challengeHeadersSchema = v.looseObject({
  claimRequestName: optionalText('Header of the info token'),
  stateRequestName: optionalText('Header of the challenge'),
  stateResponseName: optionalText('Header of its answer'),
})

export const apiDescriptionSchema = v.looseObject({
  exposeApi: field(flag, false, 'Publish a description'),
  openApiDescriptorUrl: absent(v.nullable(line), 'Where it is'),
})
