/** Endpoints upstream has and this version has not: answered 501 rather than 404, so that a client knows the difference. */

/** Path pattern (`:x` one part, `*` the rest) → the feature behind it. The first that fits wins. Listed in docs/admin-api.md. */
export const notBuiltEndpoints: ReadonlyArray<readonly [string, string]> = [
  ['/api/auths/:id/register/*', 'passkeys'],
  ['/api/services/:id/*', 'endpoints of a service'],
  ['/api/scripts/_list', 'scripts'],
  ['/api/scripts/_compile', 'scripts'],
  ['/api/events/*', 'stored events'],
  ['/api/events', 'stored events'],
  ['/api/live', 'live statistics'],
  ['/api/live/*', 'live statistics'],
  ['/api/stats', 'stored statistics'],
  ['/api/stats/*', 'stored statistics'],
  ['/api/status', 'the health history'],
  ['/api/status/*', 'the health history'],
  ['/api/node/eventstream', 'the event stream'],
  ['/api/audit/*', 'stored events'],
  ['/api/alert/*', 'stored events'],
  ['/api/analytics/*', 'stored statistics'],
  ['/api/groups/:id/*', 'endpoints of a group'],
  ['/api/certificates/_bundle', 'the PKI'],
  ['/api/certificates/:id/_renew', 'the PKI'],
  ['/api/pki/*', 'the PKI'],
  ['/api/experimental/*', 'certificates by domain'],
  ['/api/privateapps/*', 'sessions of private apps'],
  ['/api/cluster/*', 'clustering'],
  ['/apis/cluster', 'clustering'],
  ['/apis/cluster/*', 'clustering'],
  ['/api/tunnels', 'tunnels'],
  ['/api/tunnels/*', 'tunnels'],
  ['/api/routes/_form', 'forms'],
  ['/api/route-compositions/_form', 'forms'],
  ['/api/route-compositions/_openapi', 'making routes from OpenAPI'],
  ['/api/backends/_form', 'forms'],
  ['/api/forms', 'forms'],
  ['/api/forms/*', 'forms'],
  ['/api/entities/:entity/:id', 'finding the users of an entity'],
  ['/api/extensions/*', 'this extension'],
  ['/apis/extensions/*', 'this extension'],
  ['/apis/plugins.yaml', 'the plugin list as YAML'],
  ['/apis/plugins.yml', 'the plugin list as YAML'],
  ['/apis/workflows/*', 'workflows'],
  ['/apis/apis.otoroshi.io/*', 'API management'],
]

const patterns = notBuiltEndpoints.map(([path, feature]) => ({ parts: path.split('/').slice(1), feature }))

/** The feature an upstream endpoint belongs to, or null when upstream has no such path. */
export function notBuiltFeature(segments: readonly string[]): string | null {
  return patterns.find(({ parts }) => fits(parts, segments))?.feature ?? null
}

/** True when upstream has an endpoint under exactly this path, whatever else is below it. */
export function isNotBuilt(segments: readonly string[]): boolean {
  return patterns.some(({ parts }) => parts.at(-1) !== '*' && fits(parts, segments))
}

function fits(parts: readonly string[], segments: readonly string[]): boolean {
  const open = parts.at(-1) === '*'
  if (open ? segments.length < parts.length : segments.length !== parts.length) return false
  const fixed = open ? parts.slice(0, -1) : parts
  return fixed.every((part, i) => part.startsWith(':') || part === segments[i])
}
