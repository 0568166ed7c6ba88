import { schema as v } from '../../schema/index.ts'
import { clientSettingsSchema } from './client.ts'
import { field, flag, text } from './fields.ts'
import { healthCheckSchema } from './health-check.ts'
import { loadBalancingSchema } from './load-balancing.ts'
import { isObject, mapField, mapItems } from './shape.ts'
import { normalizeTarget, targetOfUrl, targetSchema } from './target.ts'

const common = {
  targets: field(v.array(targetSchema), () => [], 'Servers'),
  root: field(text, '/', 'Path put before the forwarded one'),
  rewrite: field(flag, false, 'Replace the whole path by root'),
  load_balancing: field(loadBalancingSchema, () => ({}), 'How a target is chosen'),
}

/** Where and how calls are sent. */
export const backendSettingsSchema = v.looseObject({
  ...common,
  client: field(clientSettingsSchema, () => ({}), 'Timeouts, retries, proxy'),
  // Otoroshi writes null for a backend without a check: it stays, so that what was exported comes back as it was.
  health_check: v.pipe(
    v.optional(v.nullable(healthCheckSchema), () => ({})),
    v.description('Active checks; null is none'),
  ),
})
export type BackendSettings = v.InferOutput<typeof backendSettingsSchema>

/** The backend of an item of a route composition: the composition holds its client. */
export const minimalBackendSchema = v.looseObject(common)
export type MinimalBackend = v.InferOutput<typeof minimalBackendSchema>

/** Accepts `target` (object or URL), `url` and `target_url` in place of `targets`. */
export function normalizeBackend(input: unknown): unknown {
  if (!isObject(input)) return input
  const backend = Array.isArray(input['targets']) ? input : fromShortcut(input)
  return mapField(backend, 'targets', targets => mapItems(targets, normalizeTarget))
}

function fromShortcut(input: Record<string, unknown>): Record<string, unknown> {
  const shortcut = input['target'] ?? input['url'] ?? input['target_url']
  if (typeof shortcut !== 'string' && !isObject(shortcut)) return input
  const { target: _target, url: _url, target_url: _targetUrl, ...rest } = input
  if (typeof shortcut !== 'string') return { ...rest, targets: [shortcut] }
  const parsed = targetOfUrl(shortcut)
  // Not a URL: left as the target, so that validation names the fault.
  if (parsed === null) return { ...rest, targets: [shortcut] }
  return { root: parsed.root, ...rest, targets: [parsed.target] }
}
