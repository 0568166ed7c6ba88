/** Lists of host names for whole gateways; `*` stands for any text. */
import { wildcard } from '../../expression/index.ts'
import { schema as v } from '../../plugin/index.ts'
import { setting } from '../settings.ts'

const entry = v.pipe(v.string(), v.trim(), v.minLength(1, 'Must not be blank'))

export const domainListSettings = (what: string) =>
  v.looseObject({
    domains: setting(
      v.nullable(v.array(entry)),
      null,
      `${what}, \`*\` for any text; nothing is looked at unless given`,
    ),
  })

/** True for hosts of the list: names compare without case and without the dot of the root behind them. */
export function domainList(domains: readonly string[]): (domain: string) => boolean {
  const names = domains.map(plain)
  const exact = new Set(names)
  const patterns = names.filter(name => name.includes('*')).map(wildcard)
  return given => {
    const domain = plain(given)
    return exact.has(domain) || patterns.some(matches => matches(domain))
  }
}

function plain(domain: string): string {
  const lower = domain.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}
