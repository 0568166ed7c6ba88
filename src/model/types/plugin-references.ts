/** Which settings of plugins hold ids of entities, by the last part of the plugin's id. */
import { type ReferenceField, type Referred, valuesAt } from '../references.ts'
import { isObject } from './shape.ts'

const authModule = (path: string): readonly [string, string] => [path, 'AuthModule']
const verifier = (path: string): readonly [string, string] => [path, 'JwtVerifier']
const workflow = (path: string): readonly [string, string] => [path, 'Workflow']
const certificate = (path: string): readonly [string, string] => [path, 'Certificate']
const catalog = (path: string): readonly [string, string] => [path, 'RemoteCatalog']

const byRef = [authModule('ref')]
const byWorkflow = [workflow('ref'), workflow('workflow')]

const settings: Readonly<Record<string, ReadonlyArray<readonly [path: string, kind: string]>>> = {
  RemoteCatalogDeployMany: [catalog('catalog_refs.*')],
  RemoteCatalogDeploySingle: [catalog('catalog_ref')],
  RemoteCatalogDeployWebhook: [catalog('catalog_refs.*')],
  Auth0PasswordlessEndFlowEndpoint: byRef,
  Auth0PasswordlessFlow: byRef,
  Auth0PasswordlessStartEndFlowEndpoints: byRef,
  Auth0PasswordlessStartFlowEndpoint: byRef,
  AuthModule: [authModule('auth_module'), authModule('module')],
  BasicAuthWithAuthModule: byRef,
  MandatoryConsumerPreset: byRef,
  MultiAuthModule: [authModule('auth_modules.*'), authModule('modules.*')],
  NgAuthModuleExpectedUser: [authModule('only_from.*')],
  NgAuthModuleUserExtractor: [authModule('auth_module')],
  NgLegacyAuthModuleCall: [authModule('auth_module')],
  OAuth2AuthModuleCaller: byRef,
  OAuth2TokenExchange: byRef,
  OAuthProtectedResourceMetadata: [authModule('ref'), certificate('signing_cert_ref')],
  OIDCAccessTokenValidator: [authModule('config.oidcConfigRef'), authModule('config.*.oidcConfigRef')],
  OIDCAuthToken: byRef,
  OIDCJwtVerifier: byRef,
  JweExtractor: [certificate('certId')],
  JweSigner: [certificate('certId')],
  JwtSigner: [verifier('verifier')],
  JwtVerification: [verifier('verifiers.*')],
  JwtVerificationOnly: [verifier('verifier')],
  NgJwtUserExtractor: [verifier('verifier')],
  OtoroshiAIAEndpoint: [certificate('cert_ids.*')],
  OtoroshiJWKSEndpoint: [certificate('cert_ids.*')],
  OtoroshiOCSPResponderEndpoint: [certificate('cert_ids.*')],
  WorkflowWebsocketTransformer: [workflow('incoming_workflow'), workflow('outgoing_workflow')],
  WorkflowAccessValidator: byWorkflow,
  WorkflowBackend: byWorkflow,
  WorkflowRequestTransformer: byWorkflow,
  WorkflowResponseTransformer: byWorkflow,
  WorkflowResumeBackend: byWorkflow,
  NgCorazaWAF: [['ref', 'CorazaConfig']],
  NgIncomingRequestValidatorCorazaWAF: [['ref', 'CorazaConfig']],
}

const kinds = [
  ...new Set([...Object.values(settings).flatMap(list => list.map(([, kind]) => kind)), 'WasmPlugin']),
]

/** The plugin slots at a path: what their settings refer to. */
export function slotRefs(path: string): ReferenceField {
  return { path, kinds, read: inSlot }
}

function inSlot(slot: unknown): readonly Referred[] {
  if (!isObject(slot) || typeof slot['plugin'] !== 'string') return []
  const { plugin, config } = slot
  const name = plugin.slice(Math.max(plugin.lastIndexOf('.'), plugin.lastIndexOf(':')) + 1)
  const fields = Object.hasOwn(settings, name) ? settings[name]! : []
  const found: Referred[] = []
  for (const [path, kind] of fields)
    for (const { value, path: at } of valuesAt(config, path.split('.'), ''))
      if (typeof value === 'string' && value !== '' && value !== 'none')
        found.push({ kind, id: value, at: `config.${at}` })
  const wasm = wasmRef(config)
  return wasm === null ? found : [...found, wasm]
}

// A module that is not inline but a stored plugin.
function wasmRef(config: unknown): Referred | null {
  const source = isObject(config) ? config['source'] : null
  if (!isObject(source) || typeof source['kind'] !== 'string' || typeof source['path'] !== 'string')
    return null
  if (source['kind'].toLowerCase() !== 'local' || source['path'] === '') return null
  return { kind: 'WasmPlugin', id: source['path'], at: 'config.source.path' }
}
