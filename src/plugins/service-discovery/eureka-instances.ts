/** Instances as Eureka knows them. */

type Json = Readonly<Record<string, unknown>>

/** Where the instances of an application of a Eureka server of ours are, on the board. */
export const appPrefix = (server: string, app = ''): string =>
  `plugins:eureka-server-${server}:apps:${app === '' ? '' : `${app}:`}`

/** Names that may be a part of a key. */
export const isName = (text: unknown): text is string =>
  typeof text === 'string' && /^[\w.@:-]{1,200}$/.test(text)

/** The target an instance stands for; null for one that takes no requests or has no address. */
export function targetOfInstance(instance: unknown): Json | null {
  if (typeof instance !== 'object' || instance === null) return null
  const { instanceId, hostName, ipAddr, status, port, securePort } = instance as Json
  if (typeof hostName !== 'string' || hostName === '' || hostName.includes('${')) return null
  if (typeof status === 'string' && status !== 'UP') return null
  const tls = isEnabled(securePort)
  const number = portOf(tls ? securePort : port) ?? portOf(securePort)
  if (number === null) return null
  return {
    ...(typeof instanceId === 'string' && { id: instanceId }),
    hostname: hostName,
    ip_address: typeof ipAddr === 'string' && ipAddr !== '' ? ipAddr : null,
    port: number,
    tls,
  }
}

function isEnabled(port: unknown): boolean {
  const enabled = typeof port === 'object' && port !== null ? (port as Json)['@enabled'] : undefined
  return enabled === true || enabled === 'true'
}

function portOf(port: unknown): number | null {
  const value = typeof port === 'object' && port !== null ? (port as Json)['$'] : port
  const number = Number(value)
  return Number.isInteger(number) && number > 0 && number < 65_536 ? number : null
}
