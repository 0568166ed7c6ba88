/** Sets header fields by which browsers protect users of an answer. */
import { checkField, type HeaderBlock } from '../../http/headers.ts'
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { count, flag, setting, text } from '../settings.ts'

const DISABLED = 'DISABLED'

const referrerPolicies = [
  'no-referrer',
  'no-referrer-when-downgrade',
  'origin',
  'origin-when-cross-origin',
  'same-origin',
  'strict-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
] as const

/** A word of a list, in any case and with `_` for `-`. */
function word(...words: readonly string[]) {
  return v.pipe(
    text,
    v.check(
      given => isDisabled(given) || words.includes(canonical(given)),
      `Invalid value: Expected DISABLED, ${words.join(', ')}`,
    ),
  )
}

function isDisabled(given: string): boolean {
  return canonical(given) === 'disabled'
}

function canonical(given: string): string {
  return given.trim().toLowerCase().replaceAll('_', '-')
}

const hsts = v.looseObject({
  enabled: setting(flag, false, 'Send Strict-Transport-Security'),
  include_subdomains: setting(flag, false, 'includeSubDomains'),
  max_age: setting(count, 3600, 'Seconds'),
  preload: setting(flag, false, 'preload'),
  on_http: setting(flag, false, 'On answers over HTTP as well'),
})
const csp = v.looseObject({
  mode: setting(word('enabled', 'report-only'), DISABLED, 'ENABLED, REPORT_ONLY or DISABLED'),
  csp: setting(text, '', 'The policy'),
})
const permissions = v.looseObject({
  enabled: setting(flag, false, 'Send Permissions-Policy'),
  policy: setting(text, '', 'The policy'),
})

const config = v.looseObject({
  frame_options: setting(
    word('deny', 'sameorigin'),
    DISABLED,
    'X-Frame-Options: DENY, SAMEORIGIN or DISABLED',
  ),
  xss_protection: setting(
    word('off', 'on', 'block'),
    DISABLED,
    'X-XSS-Protection: OFF, ON, BLOCK or DISABLED',
  ),
  content_type_options: setting(flag, false, 'X-Content-Type-Options: nosniff'),
  hsts: setting(
    hsts,
    () => ({ enabled: false, include_subdomains: false, max_age: 3600, preload: false, on_http: false }),
    'Strict-Transport-Security (RFC 6797)',
  ),
  csp: setting(csp, () => ({ mode: DISABLED, csp: '' }), 'Content-Security-Policy'),
  referrer_policy: setting(word(...referrerPolicies), DISABLED, 'Referrer-Policy, or DISABLED'),
  permissions_policy: setting(permissions, () => ({ enabled: false, policy: '' }), 'Permissions-Policy'),
})

type Settings = v.InferOutput<typeof config>

/** A field and its value; null takes the field away. */
type Rule = readonly [name: string, value: string | null]

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.SecurityHeadersPlugin',
  name: 'Security Headers',
  description:
    'Sets the header fields by which browsers protect the users of an answer, and takes away those of the backend that are disabled here.',
  family: 'security',
  categories: ['Security'],
  steps: ['TransformResponse'],
  config,
  setup(settings) {
    const rules = rulesOf(settings)
    for (const [name, value] of rules) checkField(name, value ?? '')
    const transport = ['Strict-Transport-Security', transportOf(settings)] as const
    return {
      response({ request, response }) {
        for (const rule of rules) apply(response.headers, rule)
        // RFC 6797, 7.2: not over plain HTTP, unless somebody asked for it.
        const secure = request.protocol === 'https' || settings.hsts.on_http
        apply(response.headers, secure ? transport : [transport[0], null])
      },
    }
  },
})

function apply(headers: HeaderBlock, [name, value]: Rule): void {
  if (value === null) headers.delete(name)
  else headers.set(name, value)
}

function transportOf({ hsts }: Settings): string | null {
  if (!hsts.enabled) return null
  return `max-age=${hsts.max_age}${hsts.include_subdomains ? '; includeSubDomains' : ''}${hsts.preload ? '; preload' : ''}`
}

const XSS: Readonly<Record<string, string>> = { off: '0', on: '1', block: '1; mode=block' }

function rulesOf(settings: Settings): Rule[] {
  const {
    frame_options: frames,
    xss_protection: xss,
    referrer_policy: referrer,
    csp,
    permissions_policy,
  } = settings
  const mode = canonical(csp.mode)
  const policy = csp.csp.trim() === '' ? null : csp.csp.trim()
  const permissions = permissions_policy.policy.trim()
  return [
    ['X-Frame-Options', isDisabled(frames) ? null : canonical(frames).toUpperCase()],
    ['X-XSS-Protection', XSS[canonical(xss)] ?? null],
    ['X-Content-Type-Options', settings.content_type_options ? 'nosniff' : null],
    ['Content-Security-Policy', mode === 'enabled' ? policy : null],
    ['Content-Security-Policy-Report-Only', mode === 'report-only' ? policy : null],
    ['Referrer-Policy', isDisabled(referrer) ? null : canonical(referrer)],
    ['Permissions-Policy', permissions_policy.enabled && permissions !== '' ? permissions : null],
  ]
}
