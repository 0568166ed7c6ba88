/** Families of plugins as the catalogue shows them: title, what they are about, and the page that tells more. */

export interface Family {
  readonly title: string
  readonly about: string
  /** File in docs/. */
  readonly guide?: string
}

export const families: Readonly<Record<string, Family>> = {
  'access-control': {
    title: 'Access control',
    about: 'who may pass: users, roles, paths, hours, values of requests',
    guide: 'apikeys.md',
  },
  apikeys: {
    title: 'API keys',
    about: 'keys of callers: where they come from, what they open',
    guide: 'apikeys.md',
  },
  auth: {
    title: 'Users and credentials',
    about: 'logins, tokens of users, credentials for backends',
    guide: 'login.md',
  },
  caching: { title: 'Caching', about: 'kept answers, fields for browsers', guide: 'caching.md' },
  catalogs: { title: 'Remote catalogs', about: 'entities that are deployed from repositories' },
  cookies: { title: 'Cookies', about: 'cookies of requests and answers', guide: 'security-plugins.md' },
  cors: { title: 'CORS', about: 'pages of other origins', guide: 'security-plugins.md' },
  graphql: { title: 'GraphQL', about: 'GraphQL in front of backends, and towards them' },
  grpc: { title: 'gRPC', about: 'gRPC for browsers' },
  headers: { title: 'Headers', about: 'header fields of requests and answers', guide: 'security-plugins.md' },
  integrations: { title: 'Integrations', about: 'other products' },
  jwt: {
    title: 'JSON Web Tokens',
    about: 'tokens that are verified, made, changed, sealed',
    guide: 'jwt.md',
  },
  kubernetes: { title: 'Kubernetes', about: 'what a cluster runs' },
  monitoring: { title: 'Monitoring', about: 'traces, and what is known of clients', guide: 'monitoring.md' },
  otoroshi: {
    title: 'The Otoroshi protocol',
    about: 'how gateway and backends prove themselves to each other',
    guide: 'otoroshi-protocol.md',
  },
  quotas: { title: 'Quotas and limits', about: 'how many calls, how many bytes', guide: 'limits.md' },
  security: {
    title: 'Security',
    about: 'addresses, signatures, bans, traps, filters',
    guide: 'security-plugins.md',
  },
  'service-discovery': { title: 'Service discovery', about: 'targets that are found rather than listed' },
  'static-content': { title: 'Static content', about: 'answers without a backend' },
  tls: { title: 'TLS', about: 'certificates of clients, HTTPS only' },
  'traffic-control': {
    title: 'Traffic control',
    about: 'canaries, maintenance, methods, lengths, faults on purpose',
  },
  transformation: {
    title: 'Transformation',
    about: 'bodies, targets and errors',
    guide: 'transformation.md',
  },
  tunnel: { title: 'Tunnels', about: 'TCP and UDP through WebSockets' },
  waf: { title: 'Web application firewall', about: 'rules that look at whole requests' },
  wasm: { title: 'WebAssembly', about: 'plugins that are WebAssembly modules' },
  websocket: { title: 'WebSockets', about: 'messages of WebSockets' },
  workflow: { title: 'Workflows', about: 'workflows in place of a phase' },
}

/** Ids that Otoroshi's documentation lists and that are no plugins of a route: jobs, request handlers, parts of its engine. */
export const notOfRoutes = 'legacy'
