/** Header values longer than a limit: cut, or dropped with their field, and told as alerts. */
import type { HeaderBlock } from '../../http/headers.ts'
import { alertedRequest, type ClientRequest, type PluginServices, schema as v } from '../../plugin/index.ts'
import { seldomLog } from '../seldom-log.ts'
import { count, setting } from '../settings.ts'

export const longValueSettings = v.looseObject({
  value: setting(count, 8192, 'Longest value of a header field, characters'),
})

/** Characters of a value that an alert shows. */
const SHOWN = 200

/** What is looked through: its fields, and which message they belong to. */
export interface LongValueRule {
  /** `limit`: cut to the limit. `reject`: the field is dropped. */
  readonly action: 'limit' | 'reject'
  readonly longest: number
  readonly services: PluginServices
  readonly log: (message: string) => void
}

export function longValueRule(
  action: LongValueRule['action'],
  config: v.InferOutput<typeof longValueSettings>,
  services: PluginServices,
): LongValueRule {
  return { action, longest: config.value, services, log: seldomLog(services) }
}

/** Applies the rule to the fields of a message. `Host` stays as it is: cut or dropped it would lead elsewhere. */
export function boundValues(headers: HeaderBlock, request: ClientRequest, rule: LongValueRule): void {
  const { longest } = rule
  if (!headers.exceeds(Number.POSITIVE_INFINITY, longest)) return
  const names = new Set<string>()
  for (const [name, value] of headers)
    if (value.length > longest && name.toLowerCase() !== 'host') names.add(name)
  for (const name of names) {
    const values = headers.getAll(name.toLowerCase())
    headers.delete(name)
    for (const value of values) {
      if (value.length <= longest) {
        headers.append(name, value)
        continue
      }
      const cut = value.slice(0, longest).trimEnd()
      if (rule.action === 'limit') headers.append(name, cut)
      tell(name, value, rule, request)
    }
  }
}

function tell(
  name: string,
  value: string,
  { action, services, longest, log }: LongValueRule,
  request: ClientRequest,
): void {
  log(`header '${name}' has ${value.length} characters, ${longest} are allowed`)
  services.alert('HeaderTooLongAlert', () => {
    const shown = alertedRequest({ ...bare(request), headers: [[name, value.slice(0, SHOWN)]] })
    return {
      action: action === 'limit' ? 'limit_header' : 'reject_header',
      to: request.host,
      from: request.ip,
      header_name: name,
      header_value: (shown['headers'] as Record<string, string>)[name],
      header_value_length: value.length,
      request: shown,
    }
  })
}

function bare({ method, target, host, protocol, ip }: ClientRequest) {
  return { method, target: target.slice(0, SHOWN), host, protocol, ip }
}
