/** The fields of a service descriptor, by what they are about. */
import { schema as v } from '../../schema/index.ts'
import { algoSettingsSchema, defaultAlgoSettings } from './algo-settings.ts'
import { count, emptyMap, emptyTexts, field, flag, headerMap, line, optionalText, texts } from './fields.ts'
import { chaosSchema, ipFilteringSchema } from './global-settings.ts'
import { healthCheckSchema } from './health-check.ts'
import {
  apiDescriptionSchema,
  canarySchema,
  challengeHeadersSchema,
  corsSchema,
  gzipSchema,
  redirectionSchema,
  serviceClientSchema,
  serviceVerifierSchema,
} from './service-parts.ts'

/** Switches, in upstream's order. */
export const serviceSwitches = {
  redirectToLocal: field(flag, false, 'Send calls to localHost instead'),
  enabled: field(flag, true, 'Routed only when true'),
  userFacing: field(flag, false, 'Used by people, with a browser'),
  privateApp: field(flag, false, 'For users who are logged in'),
  forceHttps: field(flag, true, 'Redirect plain HTTP'),
  logAnalyticsOnServer: field(flag, false, 'Print gateway events in the log'),
  useAkkaHttpClient: field(flag, false, 'Kept for compatibility'),
  useNewWSClient: field(flag, false, 'Kept for compatibility'),
  tcpUdpTunneling: field(flag, false, 'Accept TCP and UDP tunnels'),
  detectApiKeySooner: field(flag, false, 'Look for an API key before the service is chosen'),
  maintenanceMode: field(flag, false, 'Answer the maintenance page'),
  buildMode: field(flag, false, 'Answer the construction page'),
  strictlyPrivate: field(flag, false, 'An API key does not replace a user'),
  enforceSecureCommunication: field(flag, true, 'Challenge the backend'),
  sendInfoToken: field(flag, true, 'Tell the backend who calls'),
  sendStateChallenge: field(flag, true, 'Send the challenge'),
  sendOtoroshiHeadersBack: field(flag, true, 'Add headers to answers'),
  readOnly: field(flag, false, 'Only GET, HEAD and OPTIONS'),
  xForwardedHeaders: field(flag, false, 'Add X-Forwarded-* headers'),
  overrideHost: field(flag, true, 'Send the host of the target'),
  allowHttp10: field(flag, true, 'Accept HTTP/1.0'),
  letsEncrypt: field(flag, false, 'Obtain certificates by ACME'),
}

/** The challenge protocol, and which paths need what. */
export const serviceSecurity = {
  secComHeaders: field(challengeHeadersSchema, () => ({}), 'Names of the headers of the challenge'),
  secComTtl: field(count, 30000, 'Life of the tokens, milliseconds'),
  secComVersion: field(v.picklist(['V1', 'V2', 1, 2]), 'V1', 'Version of the challenge'),
  secComInfoTokenVersion: field(v.picklist(['Legacy', 'Latest']), 'Legacy', 'Form of the info token'),
  secComExcludedPatterns: field(texts, emptyTexts, 'Paths without challenge'),
  securityExcludedPatterns: field(texts, emptyTexts, 'Paths without any security'),
  publicPatterns: field(texts, emptyTexts, 'Paths open to everybody'),
  privatePatterns: field(texts, emptyTexts, 'Paths that are always protected'),
}

const headers = (what: string) => field(headerMap, emptyMap, what)
const names = (what: string) => field(v.array(line), emptyTexts, what)

/** Header fields, addresses and backends. */
export const serviceTraffic = {
  additionalHeaders: headers('Headers added to requests'),
  additionalHeadersOut: headers('Headers added to answers'),
  missingOnlyHeadersIn: headers('Headers added to requests that have none'),
  missingOnlyHeadersOut: headers('Headers added to answers that have none'),
  removeHeadersIn: names('Headers removed from requests'),
  removeHeadersOut: names('Headers removed from answers'),
  headersVerification: headers('Headers a call must have'),
  matchingHeaders: headers('Headers that choose the service'),
  ipFiltering: field(ipFilteringSchema, () => ({}), 'Addresses accepted and refused'),
  api: field(apiDescriptionSchema, () => ({}), 'Description of the API'),
  healthCheck: field(healthCheckSchema, () => ({ url: '/' }), 'Active checks'),
  clientConfig: field(serviceClientSchema, () => ({}), 'Timeouts, retries, proxy'),
  canary: field(canarySchema, () => ({}), 'Part of the calls goes to a new version'),
  gzip: field(gzipSchema, () => ({}), 'Compression of answers'),
}

const algorithm = (what: string) => field(algoSettingsSchema, () => defaultAlgoSettings(), what)

/** Tokens, and what else is done with a call. */
export const serviceTokens = {
  chaosConfig: field(chaosSchema, () => ({}), 'Faults injected'),
  jwtVerifier: field(serviceVerifierSchema, () => ({ type: 'ref' as const }), 'Tokens of callers'),
  secComSettings: field(
    algoSettingsSchema,
    () => defaultAlgoSettings('${config.app.claim.sharedKey}'),
    'How every token of the challenge is signed',
  ),
  secComUseSameAlgo: field(flag, true, 'So; otherwise as the next three say'),
  secComAlgoChallengeOtoToBack: algorithm('How the challenge is signed'),
  secComAlgoChallengeBackToOto: algorithm('How its answer is signed'),
  secComAlgoInfoToken: algorithm('How the info token is signed'),
  cors: field(corsSchema, () => ({}), 'Answers to scripts of other origins'),
  redirection: field(redirectionSchema, () => ({}), 'Redirect every call'),
  authConfigRef: optionalText('Auth module of users'),
  clientValidatorRef: optionalText('Validator of client certificates'),
}
