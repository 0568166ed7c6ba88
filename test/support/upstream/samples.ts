/** Values for settings whose type alone says too little. */

const target = { id: 'new', hostname: '127.0.0.1', port: 9, tls: false, weight: 1 }
const place = { type: 'InHeader', name: 'X-Token', remove: 'Bearer ' }
const rule = { method: 'GET', path: '/private/.*' }

/** By the name of the setting, whatever the plugin. */
export const fieldSamples: Readonly<Record<string, unknown>> = {
  addresses: ['10.0.0.0/8'],
  filter: '.',
  sameSite: 'Lax',
  service_url_default_zone: 'https://eureka.internal/eureka',
  source: place,
  status: 200,
  targets: [target],
  url: 'https://service.internal/check',
}

const P = 'cp:otoroshi.next.plugins.'

/** By plugin and setting. */
export const samples: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  [`${P}AdditionalCookieOut`]: { sameSite: 'Lax', maxAge: 60, path: '/', domain: 'shop.test' },
  [`${P}AllowHttpMethods`]: { allowed: ['GET'], forbidden: ['DELETE'] },
  [`${P}ApikeyAuthModule`]: {
    matcher: {
      noneTagIn: ['a'],
      oneTagIn: ['b'],
      allTagsIn: ['c'],
      noneMetaIn: { a: 'b' },
      oneMetaIn: { c: 'd' },
      allMetaIn: { e: 'f' },
      noneMetaKeysIn: ['g'],
      oneMetaKeyIn: ['h'],
      allMetaKeysIn: ['i'],
    },
  },
  [`${P}ApikeyCalls`]: {
    routing: { enabled: true, none_tagIn: ['a'], one_tag_in: ['b'], all_meta_in: { c: 'd' } },
  },
  [`${P}NgLegacyApikeyCall`]: { routing: { enabled: true, none_tagIn: ['a'], one_meta_key_in: ['b'] } },
  [`${P}ContextValidation`]: {
    validators: [{ kind: 'json-path-validator', path: '$.request.method', value: 'GET' }],
  },
  [`${P}Cors`]: { allow_origin: 'https://app.test', max_age: 60 },
  [`${P}Fail2BanPlugin`]: {
    detect_time: '10m',
    ban_time: '1h',
    url_regex: [{ pattern: '/login', mode: 'block' }],
  },
  [`${P}GraphQLProxy`]: { schema: 'type Query { hello: String }' },
  [`${P}GraphQLQuery`]: { query: '{ hello }', response_path: '$.data', response_filter: '.' },
  [`${P}HttpSignatureSignResponse`]: {
    key: { kind: 'inline', secret_or_pem: 'a secret of both', keyid: 'k' },
    algorithm: 'hmac-sha256',
  },
  [`${P}HttpSignatureVerifyRequest`]: {
    keys: [{ kind: 'inline', secret_or_pem: 'a secret of both', keyid: 'k' }],
  },
  [`${P}JQ`]: { request: '.', response: '.' },
  [`${P}LocalTokenBucket`]: { bucketKey: '6f3f1b0c-8a5c-4d1e-9c55-3f1d5c9b7a10' },
  [`${P}MockResponses`]: { responses: [{ path: '/a', method: 'GET', status: 200, headers: {}, body: 'a' }] },
  [`${P}NgIzanamiV1Canary`]: {
    route_config: { routes: [{ route: '/', variants: { b: '/b' }, default: '/' }] },
  },
  [`${P}NgErrorRewriter`]: { templates: { default: '<p>${error_id}</p>' } },
  [`${P}NgHtmlPatcher`]: { append_head: ['<meta>'] },
  [`${P}NgResponseCache`]: {
    filter: {
      statuses: [200],
      methods: ['GET'],
      paths: ['/a.*'],
      notStatuses: [500],
      notMethods: [],
      notPaths: [],
    },
  },
  [`${P}NgSecurityTxt`]: {
    expires: '2030-01-01T00:00:00Z',
    acknowledgments: 'https://shop.test/thanks',
    preferred_languages: 'en, fr',
    policy: 'https://shop.test/policy',
    hiring: 'https://shop.test/jobs',
    encryption: 'https://shop.test/key.txt',
    csaf: 'https://shop.test/csaf.json',
  },
  [`${P}OAuth1Caller`]: { algo: 'HMAC-SHA256' },
  [`${P}OAuth2TokenExchange`]: {
    client_credentials_override: { client_id: 'id', client_secret: 'secret' },
    exchange: { audience: 'a', scope: 'b', resource: 'https://c.test' },
  },
  [`${P}RegexRequestBodyRewriter`]: { rules: [{ pattern: 'a', replacement: 'b', flags: 'i' }] },
  [`${P}RegexResponseBodyRewriter`]: { rules: [{ pattern: 'a', replacement: 'b', flags: 'i' }] },
  [`${P}RegexRequestHeadersRewriter`]: {
    rules: [{ name: 'X-A', pattern: 'a', replacement: 'b', flags: 'i' }],
  },
  [`${P}RegexResponseHeadersRewriter`]: {
    rules: [{ name: 'X-A', pattern: 'a', replacement: 'b', flags: 'i' }],
  },
  [`${P}RoutingRestrictions`]: { allowed: [rule], forbidden: [rule], not_found: [rule] },
  [`${P}SnowMonkeyChaos`]: {
    large_request_fault: { ratio: 0.1, additionalRequestSize: 10 },
    large_response_fault: { ratio: 0.1, additionalResponseSize: 10 },
    latency_injection_fault: { ratio: 0.1, from: 1, to: 2 },
    bad_responses_fault: { ratio: 0.1, responses: [{ status: 502, body: '{}', headers: {} }] },
  },
  [`${P}SOAPAction`]: { jq_request_filter: '.', jq_response_filter: '.' },
  [`${P}SwaggerUIPlugin`]: { swagger_url: 'https://service.internal/openapi.json', title: 'API' },
  [`${P}TimeControlledCanaryMode`]: { start: '2030-01-01T00:00:00Z', stop: '2030-01-02T00:00:00Z' },
  [`${P}TimeRestrictedAccessPlugin`]: {
    rules: [{ time_start: '08:00', time_end: '20:00', day_start: 1, day_end: 5 }],
    timezone: 'Europe/Paris',
  },
  [`${P}WebsocketMirrorBackend`]: { url: 'wss://service.internal/' },
  [`${P}ZipBombBackend`]: { predicates: [{ path: '$.request.method', value: 'PATCH' }] },
}

/** Spellings of settings beside the documented ones, which configurations of Otoroshi hold. */
export const legacySpellings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  [`${P}AuthModule`]: { module: 'auth_module' },
  [`${P}JweExtractor`]: { key_management_algorithm: 'RSA_OAEP_256', content_encryption_algorithm: 'A128GCM' },
  [`${P}JweSigner`]: { key_management_algorithm: 'RSA_OAEP_256', content_encryption_algorithm: 'A128GCM' },
  [`${P}MultiAuthModule`]: { modules: ['auth_module'] },
  [`${P}NgAuthModuleUserExtractor`]: { module: 'auth_module' },
  [`${P}NgClientCredentials`]: { defaultKeyPair: 'otoroshi-jwt-signing' },
  [`${P}NgCustomQuotas`]: { perRoute: false },
  [`${P}NgCustomThrottling`]: { perRoute: false },
  [`${P}NgHtmlPatcher`]: { appendHead: ['a'], appendBody: ['b'], prependHead: ['c'], prependBody: ['d'] },
  [`${P}NgJwtUserExtractor`]: { namePath: 'name', emailPath: 'mail', metaPath: 'meta' },
  [`${P}NgLegacyAuthModuleCall`]: { module: 'auth_module' },
  [`${P}RemoveHeadersIn`]: { headers: ['X-A'], names: ['X-B'] },
  [`${P}RemoveHeadersOut`]: { headers: ['X-A'], names: ['X-B'] },
}
